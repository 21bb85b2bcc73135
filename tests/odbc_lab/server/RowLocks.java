package lab;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.apache.derby.iapi.sql.conn.ConnectionUtil;
import org.apache.derby.iapi.store.access.TransactionController;

/**
 * SKIP LOCKED DATA for Derby, which has none: a row counts when it can be read WITH CS at this moment without waiting.
 *
 * Only for one table with one numeric key column; what IBM i does:
 * https://www.ibm.com/support/knowledgecenter/en/ssw_ibm_i_73/db2/rbafzskiplocked.htm . The columns themselves are read
 * WITH UR just before the question, so an update that is rolled back in between would be seen: the outbox has none.
 */
public final class RowLocks {
    private static final String LOCKED = "40XL1", ALSO_LOCKED = "40XL2";

    private RowLocks() { }

    /** 1 when the row is committed and free, 0 when another unit of work holds it or it is gone. */
    public static int free(String schema, String table, String column, long key) throws SQLException {
        TransactionController transaction = ConnectionUtil.getCurrentLCC().getTransactionExecute();
        String sql = "SELECT 1 FROM \"%s\".\"%s\" WHERE \"%s\" = ? WITH CS".formatted(schema, table, column);
        transaction.setNoLockWait(true);
        try (Connection connection = DriverManager.getConnection("jdbc:default:connection");
                PreparedStatement query = connection.prepareStatement(sql)) {
            query.setLong(1, key);
            try (ResultSet found = query.executeQuery()) {
                return found.next() ? 1 : 0;
            }
        } catch (SQLException error) {
            if (LOCKED.equals(error.getSQLState()) || ALSO_LOCKED.equals(error.getSQLState())) {
                return 0;
            }
            throw error;
        } finally {
            transaction.setNoLockWait(false);
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
