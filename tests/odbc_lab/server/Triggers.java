package lab;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** Makes, drops and changes compound triggers; {@link Firing} does what their bodies say. */
public final class Triggers {
    /** How many values of the row a branch may use; LAB.FIRE has so many parameters. */
    private static final int MOST_VALUES = 8;
    private static final List<String> NUMBERS = List.of("DECIMAL", "NUMERIC", "SMALLINT", "INTEGER", "BIGINT");
    private static final String PARTS = "SELECT P.DERBY_NAME FROM LAB.TRIGGER_PARTS P JOIN SYS.SYSTRIGGERS T"
        + " ON T.TRIGGERNAME = P.DERBY_NAME WHERE P.TRIGGER_SCHEMA = ? AND P.TRIGGER_NAME = ?";

    private Triggers() { }

    /** LAB.CREATE_TRIGGER: with the authority of its caller, who needs what Derby's CREATE TRIGGER wants. */
    public static void create(String sql) throws SQLException {
        Refusal.passOn(() -> createAll(sql));
    }

    private static void createAll(String sql) throws SQLException {
        TriggerText trigger = new TriggerText(sql);
        boolean replace = SqlText.of(sql).is(1, "OR", "REPLACE");
        List<String> existing = parts(trigger.schema, trigger.name);
        if (!existing.isEmpty() && !replace) {
            throw Refusal.sql("38601", trigger.schema + "." + trigger.name + "\377TRIGGER");
        }
        remove(trigger.schema, trigger.name, existing);
        Nested.update("INSERT INTO LAB.TRIGGERS (TRIGGER_SCHEMA, TRIGGER_NAME, TABLE_SCHEMA, TABLE_NAME, PROGRAM, OWNER,"
            + " GUARDED, EVENTS) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", trigger.schema, trigger.name, trigger.tableSchema,
            trigger.tableName, trigger.program, Jobs.user(), trigger.guarded ? "Y" : "N", events(trigger));
        for (TriggerText.Branch branch : trigger.branches) {
            createPart(trigger, branch);
        }
        forget();
    }

    private static String events(TriggerText trigger) {
        List<String> found = new ArrayList<>();
        for (TriggerText.Branch branch : trigger.branches) {
            if (!found.contains(branch.event())) {
                found.add(branch.event());
            }
        }
        return String.join(" ", found);
    }

    private static void createPart(TriggerText trigger, TriggerText.Branch branch) throws SQLException {
        long part = number();
        String derbyName = trigger.name + "$" + part;
        Nested.update("INSERT INTO LAB.TRIGGER_PARTS (PART, TRIGGER_SCHEMA, TRIGGER_NAME, DERBY_NAME)"
            + " VALUES (BIGINT(CAST(? AS VARCHAR(18))), ?, ?, ?)", String.valueOf(part), trigger.schema, trigger.name,
            derbyName);
        List<String> values = new ArrayList<>();
        for (int[] range : branch.statements()) {
            step(trigger, part, range, values, "BODY");
        }
        for (int[] range : trigger.afterFailure) {
            step(trigger, part, range, values, "FAILURE");
        }
        if (values.size() > MOST_VALUES) {
            throw trigger.unknown(branch.statements().get(0)[0], branch.statements().get(0)[1]);
        }
        StringBuilder call = new StringBuilder("CALL LAB.FIRE(" + part);
        for (int each = 0; each < MOST_VALUES; each++) {
            call.append(", ").append(each < values.size() ? values.get(each) : "''");
        }
        String when = branch.conditions().isEmpty() ? "" : "WHEN ((" + String.join(") AND (", branch.conditions()) + "))";
        Nested.execute("CREATE TRIGGER \"%s\".\"%s\" AFTER %s ON \"%s\".\"%s\" %s FOR EACH ROW MODE DB2SQL %s %s)",
            trigger.schema, derbyName, trigger.clause(branch.event()), trigger.tableSchema, trigger.tableName,
            trigger.references(branch.event()), when, call);
    }

    /** Keeps one statement: an INSERT with markers for what speaks of the row, or a send with its five arguments. */
    private static void step(TriggerText trigger, long part, int[] range, List<String> values, String kind)
            throws SQLException {
        SqlText text = trigger.text;
        boolean send = text.is(range[0], "CALL", "QSYS2", ".")
            && text.get(range[0] + 3).name().startsWith("SEND_DATA_QUEUE");
        int list = send ? range[0] + 4 : text.find(range[0], "VALUES") + 1;
        if (!send && (!text.is(range[0], "INSERT") || list == 0 || list > range[1])) {
            throw trigger.unknown(range[0], range[1]);
        }
        List<String> written = new ArrayList<>();
        List<String> used = new ArrayList<>();
        for (int[] argument : text.arguments(list, text.closing(list))) {
            String expression = text.text(argument[0], argument[1]);
            if (trigger.mentionsRow(argument[0], argument[1])) {
                String value = textual(trigger, argument, expression);
                if (!values.contains(value)) {
                    values.add(value);
                }
                used.add(String.valueOf(values.indexOf(value)));
                written.add(send ? "CAST(? AS VARCHAR(1000))" : "?");
            } else {
                written.add(expression);
            }
        }
        String sql = send ? "VALUES (" + String.join(", ", written.subList(0, 4)) + ")"
            : text.text(range[0], list) + " (" + String.join(", ", written) + ")";
        Nested.update("INSERT INTO LAB.TRIGGER_STEPS (PART, KIND, STATEMENT, USED)"
            + " VALUES (BIGINT(CAST(? AS VARCHAR(18))), ?, ?, ?)",
            String.valueOf(part), (send ? "SEND " : "SQL ") + kind, sql, String.join(" ", used));
    }

    /** Derby hands values over as text; a numeric column needs to be made one. */
    private static String textual(TriggerText trigger, int[] range, String expression) {
        if (range[1] - range[0] != 3) {
            return expression;
        }
        Catalog.Column column = Catalog.column(List.of(trigger.tableSchema + "." + trigger.tableName),
            trigger.text.get(range[1] - 1).name());
        boolean number = column != null && NUMBERS.contains(column.type());
        return number ? "LAB.NUMBER_CHAR(" + expression + ")" : expression;
    }

    private static long number() throws SQLException {
        return Long.parseLong(Nested.rows("VALUES NEXT VALUE FOR LAB.PART_NUMBERS").get(0)[0]);
    }

    /** LAB.DROP_TRIGGER: a compound one with all its parts, or one of Derby's own. */
    public static void drop(String schema, String name) throws SQLException {
        Refusal.passOn(() -> dropAll(schema, name));
    }

    private static void dropAll(String schema, String name) throws SQLException {
        List<String> parts = parts(schema, name);
        if (parts.isEmpty()) {
            Nested.execute("DROP TRIGGER \"%s\".\"%s\"", schema, name);
            return;
        }
        remove(schema, name, parts);
        forget();
    }

    private static void remove(String schema, String name, List<String> parts) throws SQLException {
        for (String part : parts) {
            Nested.execute("DROP TRIGGER \"%s\".\"%s\"", schema, part);
        }
        Nested.update("DELETE FROM LAB.TRIGGERS WHERE TRIGGER_SCHEMA = ? AND TRIGGER_NAME = ?", schema, name);
        Nested.update("DELETE FROM LAB.TRIGGER_STEPS WHERE PART IN (SELECT PART FROM LAB.TRIGGER_PARTS"
            + " WHERE TRIGGER_SCHEMA = ? AND TRIGGER_NAME = ?)", schema, name);
        Nested.update("DELETE FROM LAB.TRIGGER_PARTS WHERE TRIGGER_SCHEMA = ? AND TRIGGER_NAME = ?", schema, name);
    }

    /** LAB.ALTER_TRIGGER: enabled Y or N. */
    public static void alter(String schema, String name, String enabled) throws SQLException {
        Refusal.passOn(() -> change(schema, name, enabled));
    }

    private static void change(String schema, String name, String enabled) throws SQLException {
        if (Nested.update("UPDATE LAB.TRIGGERS SET ENABLED = ? WHERE TRIGGER_SCHEMA = ? AND TRIGGER_NAME = ?", enabled,
                schema, name) == 0) {
            throw Refusal.sql("38204", schema + "." + name);
        }
        forget();
    }

    /** LAB.COMMENT_TRIGGER: its text in SYSTRIGGERS. */
    public static void comment(String schema, String name, String text) throws SQLException {
        Nested.update("UPDATE LAB.TRIGGERS SET LONG_COMMENT = ? WHERE TRIGGER_SCHEMA = ? AND TRIGGER_NAME = ?", text,
            schema, name);
    }

    /** CHGOBJOWN of a trigger's program: its body then works under that profile. */
    static void owner(String program, String owner) throws SQLException {
        String[] id = program.split("/");
        Nested.update("UPDATE LAB.TRIGGERS SET OWNER = ? WHERE TRIGGER_SCHEMA = ? AND PROGRAM = ?", owner, id[0], id[1]);
        forget();
    }

    static void forget() {
        Firing.forget();
    }

    private static List<String> parts(String schema, String name) throws SQLException {
        List<String> found = new ArrayList<>();
        for (String[] row : Nested.rows(PARTS, schema, name)) {
            found.add(row[0]);
        }
        return found;
    }
}
