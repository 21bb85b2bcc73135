package lab;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What a compound trigger does when it fires: its statements, one by one, in the unit of work of the write that fired it;
 * sends to data queues stand outside of that unit and go under the authority of the trigger's owner.
 *
 * Behind a CONTINUE handler a statement that fails does not fail the write; the steps after a failure follow instead. A
 * deadlock, or a row that stays locked, is passed on: Derby has rolled the unit of work back.
 */
public final class Firing {
    private static final String LOAD = "SELECT S.KIND, S.STATEMENT, S.USED, T.OWNER, T.GUARDED, T.ENABLED"
        + " FROM LAB.TRIGGER_STEPS S JOIN LAB.TRIGGER_PARTS P ON P.PART = S.PART JOIN LAB.TRIGGERS T"
        + " ON T.TRIGGER_SCHEMA = P.TRIGGER_SCHEMA AND T.TRIGGER_NAME = P.TRIGGER_NAME"
        + " WHERE S.PART = ? ORDER BY S.ID WITH UR";
    private static final String ROLLED_BACK = "40";
    private static final Map<Long, Part> LOADED = new ConcurrentHashMap<>();

    private record Step(boolean send, boolean afterFailure, String sql, int[] used, String schema, String table) {
        /** INSERT INTO schema.table ...; a send has no table. */
        static Step of(String kind, String sql, int[] used) {
            boolean send = kind.startsWith("SEND");
            SqlText text = SqlText.of(sql);
            return new Step(send, kind.endsWith("FAILURE"), sql, used, send ? "" : text.get(2).name(),
                send ? "" : text.get(4).name());
        }
    }

    private record Part(String owner, boolean guarded, boolean enabled, List<Step> steps) { }

    private Firing() { }

    static void forget() {
        LOADED.clear();
    }

    /** LAB.FIRE: a part's number and the values of the row that its statements use. */
    public static void fire(long number, String a, String b, String c, String d, String e, String f, String g, String h)
            throws SQLException {
        Refusal.passOn(() -> fire(number, new String[] {a, b, c, d, e, f, g, h}));
    }

    private static void fire(long number, String[] values) throws SQLException {
        try (Connection connection = DriverManager.getConnection("jdbc:default:connection")) {
            Part part = LOADED.get(number);
            if (part == null) {
                part = load(connection, number);
                LOADED.put(number, part);
            }
            if (!part.enabled) {
                return;
            }
            boolean failed = false;
            for (Step step : part.steps) {
                if (!step.afterFailure || failed) {
                    failed |= !done(connection, part, step, values);
                }
            }
        }
    }

    /** Whether a step succeeded. Where a table is locked whole, Derby would end the unit of work: so it is asked first. */
    private static boolean done(Connection connection, Part part, Step step, String[] values) throws SQLException {
        if (part.guarded && !step.send && !RowLocks.reachable(step.schema(), step.table())) {
            return false;
        }
        try (PreparedStatement statement = connection.prepareStatement(step.sql)) {
            for (int each = 0; each < step.used.length; each++) {
                statement.setString(each + 1, values[step.used[each]]);
            }
            if (step.send) {
                send(statement, part.owner);
            } else {
                statement.executeUpdate();
            }
            return true;
        } catch (SQLException error) {
            if (!part.guarded || error.getSQLState().startsWith(ROLLED_BACK)) {
                throw error;
            }
            return false;
        }
    }

    private static void send(PreparedStatement statement, String owner) throws SQLException {
        try (ResultSet arguments = statement.executeQuery()) {
            arguments.next();
            String data = arguments.getString(1);
            QueueServices.put(data.getBytes(Values.JOB_CCSID), arguments.getString(2), arguments.getString(3),
                arguments.getString(4), owner);
        }
    }

    private static Part load(Connection connection, long number) throws SQLException {
        List<Step> steps = new ArrayList<>();
        String owner = "";
        boolean guarded = false;
        boolean enabled = false;
        try (PreparedStatement query = connection.prepareStatement(LOAD)) {
            query.setLong(1, number);
            try (ResultSet rows = query.executeQuery()) {
                while (rows.next()) {
                    String kind = rows.getString(1);
                    String used = rows.getString(3);
                    int[] indexes = used.isEmpty() ? new int[0]
                        : java.util.Arrays.stream(used.split(" ")).mapToInt(Integer::parseInt).toArray();
                    steps.add(Step.of(kind, rows.getString(2), indexes));
                    owner = rows.getString(4);
                    guarded = rows.getString(5).equals("Y");
                    enabled = rows.getString(6).equals("Y");
                }
            }
        }
        return new Part(owner, guarded, enabled, steps);
    }
}
