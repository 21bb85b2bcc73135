package lab;

import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * QSYS2.DISPLAY_JOURNAL over the tables LAB.RECEIVERS and LAB.JOURNAL, which a test fills: Derby journals nothing that
 * could be shown. Parameters and authority:
 * https://www.ibm.com/support/knowledgecenter/ssw_ibm_i_72/rzajq/rzajqudfdisplayjournal.htm ; columns: general knowledge.
 */
public final class Journal {
    private static final String ENTRIES = "SELECT E.ENTRY_TIMESTAMP, E.SEQUENCE_NUMBER, E.JOURNAL_CODE,"
        + " E.JOURNAL_ENTRY_TYPE, E.COUNT_OR_RRN, E.ENTRY_DATA, E.OBJECT_LIBRARY, E.OBJECT_NAME, E.MEMBER, E.OBJECT_TYPE,"
        + " E.USER_NAME, E.JOB_NAME, E.JOB_USER, E.JOB_NUMBER, E.PROGRAM_NAME, E.COMMIT_CYCLE, E.MINIMIZED_ENTRY_DATA,"
        + " R.RECEIVER_NAME, R.RECEIVER_LIBRARY, R.CHAIN_ORDER"
        + " FROM LAB.JOURNAL E JOIN LAB.RECEIVERS R ON R.RECEIVER_LIBRARY = E.RECEIVER_LIBRARY"
        + " AND R.RECEIVER_NAME = E.RECEIVER_NAME WHERE R.JOURNAL_LIBRARY = ? AND R.JOURNAL_NAME = ?"
        + " ORDER BY R.CHAIN_ORDER, E.SEQUENCE_NUMBER";
    private static final String RECEIVERS = "SELECT RECEIVER_LIBRARY, RECEIVER_NAME, CHAIN_ORDER, STATUS FROM LAB.RECEIVERS"
        + " WHERE JOURNAL_LIBRARY = ? AND JOURNAL_NAME = ? ORDER BY CHAIN_ORDER";

    private record Receiver(String library, String name, int order, String status) { }

    private Journal() { }

    /** One row an entry, oldest first, from a receiver and sequence number (inclusive) on. */
    public static ResultSet display(String library, String journal, String startLibrary, String startReceiver,
            Timestamp startTime, BigDecimal startSequence, String codes, String types, String objectLibrary,
            String objectName, String objectType, String member, String user, String job, String program,
            String endLibrary, String endReceiver, Timestamp endTime, BigDecimal endSequence, String syslog,
            BigDecimal delay) throws SQLException {
        try (Connection connection = DriverManager.getConnection("jdbc:default:connection")) {
            List<Receiver> chain = chain(connection, library, journal);
            int first = start(chain, library, journal, startReceiver);
            int last = endReceiver == null || endReceiver.startsWith("*") ? Integer.MAX_VALUE
                : find(chain, endReceiver).order;
            List<Object[]> rows = new ArrayList<>();
            BigDecimal lowest = null;
            boolean sequenceSeen = startSequence == null;
            try (PreparedStatement query = connection.prepareStatement(ENTRIES)) {
                query.setString(1, library);
                query.setString(2, journal);
                ResultSet entry = query.executeQuery();
                while (entry.next()) {
                    int order = entry.getInt(20);
                    BigDecimal sequence = entry.getBigDecimal(2);
                    boolean before = order < first || order == first && startSequence != null
                        && sequence.compareTo(startSequence) < 0;
                    boolean after = order > last || order == last && endSequence != null
                        && sequence.compareTo(endSequence) > 0;
                    sequenceSeen |= order >= first && !before;
                    lowest = lowest == null && order == first ? sequence : lowest;
                    boolean wanted = within(codes, entry.getString(3)) && within(types, entry.getString(4))
                        && named(objectLibrary, entry.getString(7)) && named(objectName, entry.getString(8))
                        && named(member, entry.getString(9)) && named(user, entry.getString(11));
                    boolean inTime = (startTime == null || !entry.getTimestamp(1).before(startTime))
                        && (endTime == null || !entry.getTimestamp(1).after(endTime));
                    if (!before && !after && wanted && inTime) {
                        rows.add(row(entry));
                    }
                }
            }
            if (!sequenceSeen || startSequence != null && lowest != null && startSequence.compareTo(lowest) < 0) {
                throw Refusal.cpf("CPF7054: FROM and TO values not valid for journal %s in %s.", journal, library);
            }
            return new Rows(rows);
        }
    }

    private static List<Receiver> chain(Connection connection, String library, String journal) throws SQLException {
        List<Receiver> found = new ArrayList<>();
        try (PreparedStatement query = connection.prepareStatement(RECEIVERS)) {
            query.setString(1, library);
            query.setString(2, journal);
            try (ResultSet rows = query.executeQuery()) {
                while (rows.next()) {
                    found.add(new Receiver(rows.getString(1), rows.getString(2), rows.getInt(3), rows.getString(4)));
                }
            }
        }
        if (found.isEmpty()) {
            throw Refusal.cpf("CPF9801: Object %s in library %s not found.", journal, library);
        }
        return found;
    }

    /** The place in the chain that reading begins at: a receiver, or the attached one for *CURRENT and none. */
    private static int start(List<Receiver> chain, String library, String journal, String name) throws Refusal {
        if (name == null || name.equals("*CURRENT")) {
            return chain.get(chain.size() - 1).order;
        }
        if (name.startsWith("*")) {
            return chain.get(0).order; // *CURCHAIN, *CURAVLCHN: all that are still there
        }
        Receiver receiver = find(chain, name);
        if (receiver.status.equals("DELETED")) {
            throw Refusal.cpf("CPF9801: Object %s in library %s not found.", name, receiver.library);
        }
        boolean broken = chain.stream().anyMatch(each -> each.order > receiver.order && each.status.equals("DELETED"));
        if (broken) {
            throw Refusal.cpf("CPF7053: Receiver range of journal %s in %s not valid.", journal, library);
        }
        return receiver.order;
    }

    private static Receiver find(List<Receiver> chain, String name) throws Refusal {
        for (Receiver each : chain) {
            if (each.name.equals(name)) {
                return each;
            }
        }
        throw Refusal.cpf("CPF9801: Object %s type *JRNRCV not found.", name);
    }

    /** Codes and types come as a list of words, or *ALL. */
    private static boolean within(String list, String value) {
        return list == null || list.contains("*ALL") || Arrays.asList(list.split("[ ,]+")).contains(value.trim());
    }

    private static boolean named(String wanted, String value) {
        return wanted == null || wanted.startsWith("*") || wanted.trim().equals(value == null ? "" : value.trim());
    }

    private static Object[] row(ResultSet entry) throws SQLException {
        String object = "%-10s%-10s%-10s".formatted(text(entry.getString(8)), text(entry.getString(7)),
            text(entry.getString(9)));
        return new Object[] {entry.getTimestamp(1), entry.getBigDecimal(2), entry.getString(3), entry.getString(4),
            entry.getBigDecimal(5), entry.getBytes(6), object.isBlank() ? null : object, entry.getString(10),
            entry.getString(11), entry.getString(12), entry.getString(13), entry.getString(14), entry.getString(15),
            entry.getBigDecimal(16), entry.getString(17), entry.getString(18), entry.getString(19)};
    }

    private static String text(String value) {
        return value == null ? "" : value;
    }
}
