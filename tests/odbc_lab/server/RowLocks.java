package lab;

import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import org.apache.derby.impl.jdbc.EmbedConnection;

/**
 * SKIP LOCKED DATA for Derby, which has none: a row counts when it can be read WITH CS at this moment without waiting.
 *
 * Only for one table with one numeric key column; what IBM i does:
 * https://www.ibm.com/support/knowledgecenter/en/ssw_ibm_i_73/db2/rbafzskiplocked.htm . The columns themselves are read
 * WITH UR just before the question, so an update that is rolled back in between would be seen: the outbox has none.
 */
public final class RowLocks {
    private static final String LOCKED = "40XL1", ALSO_LOCKED = "40XL2";
    private static final Map<String, PreparedStatement> QUERIES = new HashMap<>();
    private static EmbedConnection asking;

    private RowLocks() { }

    /**
     * 1 when the row is committed and free, 0 when another unit of work holds it or it is gone. A connection of its own
     * asks, since Derby rolls back the unit of work that meets a lock it may not wait for; so a row that the reader itself
     * has changed and not committed counts as held, which IBM i would show.
     */
    public static int free(String schema, String table, String column, long key) throws SQLException {
        String sql = "SELECT 1 FROM \"%s\".\"%s\" WHERE \"%s\" = ? WITH CS".formatted(schema, table, column);
        return met(sql, key) == 1 ? 1 : 0;
    }

    /** Whether a row could be added now: false where another unit of work has the whole table to itself. */
    static boolean reachable(String schema, String table) throws SQLException {
        String key = Catalog.primaryKey(schema, table);
        return key == null || met("DELETE FROM \"%s\".\"%s\" WHERE \"%s\" = ?".formatted(schema, table, key), -1) >= 0;
    }

    /** Rows that a statement meets for a key; -1 when a lock stands in its way. Changes nothing. */
    private static synchronized int met(String sql, long key) throws SQLException {
        if (asking == null || asking.isClosed()) {
            QUERIES.clear();
            asking = (EmbedConnection) DriverManager.getConnection("jdbc:derby:" + Main.DATABASE, Main.OFFICER,
                Profiles.officerPassword());
            asking.setAutoCommit(false);
            asking.getLanguageConnection().getTransactionExecute().setNoLockWait(true);
        }
        try {
            PreparedStatement statement = QUERIES.get(sql);
            if (statement == null) {
                statement = asking.prepareStatement(sql);
                QUERIES.put(sql, statement);
            }
            statement.setLong(1, key);
            if (!statement.execute()) {
                return statement.getUpdateCount();
            }
            try (ResultSet found = statement.getResultSet()) {
                return found.next() ? 1 : 0;
            }
        } catch (SQLException error) {
            if (LOCKED.equals(error.getSQLState()) || ALSO_LOCKED.equals(error.getSQLState())) {
                return -1;
            }
            throw error;
        } finally {
            asking.rollback();
        }
    }

    /** Adds the question to a SELECT from one table; leaves others as they are, for Derby to read WITH UR. */
    static void rewrite(SqlText text) {
        int from = text.find(0, "FROM");
        if (from < 0 || !text.is(from + 2, ".")) {
            return;
        }
        String schema = text.get(from + 1).name();
        String table = text.get(from + 3).name();
        String key = Catalog.primaryKey(schema, table);
        if (key == null) {
            return;
        }
        int end = tail(text, from);
        int where = text.find(from, "WHERE");
        String column = alias(text, from + 4, where < 0 || where > end ? end : where);
        String question = "LAB.ROW_FREE('%s', '%s', '%s', %s\"%s\") = 1".formatted(schema, table, key, column, key);
        if (where < 0 || where > end) {
            text.replace(end, end, "WHERE " + question);
        } else {
            text.replace(end, end, ") AND " + question);
            text.replace(where + 1, where + 1, "(");
        }
    }

    private static String alias(SqlText text, int from, int to) {
        return to > from ? text.get(to - 1).text() + "." : "";
    }

    private static int tail(SqlText text, int from) {
        for (int at = from; at < text.size(); at++) {
            if (text.is(at, "ORDER", "BY") || text.is(at, "GROUP", "BY") || text.is(at, "FETCH", "FIRST")) {
                return at;
            }
        }
        return text.size();
    }
}
