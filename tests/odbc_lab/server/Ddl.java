package lab;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** Definitions, as an administrator's script for IBM i has them: what Derby takes otherwise, or not at all. */
public final class Ddl {
    private static final String TABLES = "SELECT T.TABLETYPE, T.TABLENAME FROM SYS.SYSTABLES T"
        + " JOIN SYS.SYSSCHEMAS S ON S.SCHEMAID = T.SCHEMAID WHERE S.SCHEMANAME = ?";
    private static final String TRIGGERS = "SELECT 'G', T.TRIGGERNAME FROM SYS.SYSTRIGGERS T"
        + " JOIN SYS.SYSSCHEMAS S ON S.SCHEMAID = T.SCHEMAID WHERE S.SCHEMANAME = ?";
    private static final String ROUTINES = "SELECT A.ALIASTYPE, A.ALIAS FROM SYS.SYSALIASES A"
        + " JOIN SYS.SYSSCHEMAS S ON S.SCHEMAID = A.SCHEMAID WHERE S.SCHEMANAME = ?";
    private static final String OWNER = "SELECT 'O', AUTHORIZATIONID FROM SYS.SYSSCHEMAS WHERE SCHEMANAME = ?";

    private Ddl() { }

    static String rewrite(SqlText text) {
        if (text.is(0, "COMMENT", "ON", "TRIGGER")) {
            String comment = text.get(text.size() - 1).text();
            return call("COMMENT_TRIGGER", text.get(3).name(), text.get(5).name(),
                comment.substring(1, comment.length() - 1).replace("''", "'"));
        }
        if (text.is(0, "LABEL") || text.is(0, "COMMENT")) {
            return Dialect.NOTHING;
        }
        if (text.is(0, "CREATE", "SCHEMA") || text.is(0, "CREATE", "COLLECTION")) {
            return text.is(3, "AUTHORIZATION") ? text.text() : call("CREATE_SCHEMA", text.get(2).name());
        }
        if (text.is(0, "DROP", "SCHEMA") || text.is(0, "DROP", "COLLECTION")) {
            return text.is(3, "RESTRICT") ? text.text() : call("DROP_SCHEMA", text.get(2).name());
        }
        if (text.is(0, "DROP", "TRIGGER")) {
            return call("DROP_TRIGGER", text.get(2).name(), text.get(4).name());
        }
        if (text.is(0, "ALTER", "TRIGGER")) {
            return call("ALTER_TRIGGER", text.get(2).name(), text.get(4).name(), text.is(5, "DISABLE") ? "N" : "Y");
        }
        if (text.is(0, "CREATE", "ALIAS")) {
            text.replace(1, 2, "SYNONYM");
        }
        return create(text);
    }

    private static String create(SqlText text) {
        boolean replace = text.is(1, "OR", "REPLACE");
        int at = replace ? 3 : 1;
        if (text.is(at, "TRIGGER") && text.has("BEGIN")) {
            return call("CREATE_TRIGGER", text.text());
        }
        if (text.is(at, "PROCEDURE") && text.has("EXTERNAL", "NAME") && !text.has("LANGUAGE", "JAVA")) {
            return call("CREATE_PROGRAM", text.get(at + 1).name(), text.get(at + 3).name(), replace ? "Y" : "N");
        }
        if (replace) {
            text.replace(1, 3, "");
        }
        if (text.is(1, "TABLE")) {
            boolean exists = text.is(3, ".") && Catalog.hasTable(text.get(2).name(), text.get(4).name());
            return replace && exists ? Dialect.NOTHING : table(text);
        }
        dropPair(text, 0, "RCDFMT");
        Expressions.rewrite(text);
        return text.text();
    }

    private static String table(SqlText text) {
        int open = text.find(0, "(");
        int close = open < 0 ? -1 : text.closing(open);
        if (close < 0) {
            return text.text();
        }
        text.replace(close + 1, text.size(), ""); // RCDFMT, ON REPLACE, VOLATILE ...: nothing Derby knows
        List<int[]> parts = text.arguments(open, close);
        for (int each = parts.size() - 1; each >= 0; each--) {
            int from = parts.get(each)[0];
            boolean constraint = text.is(from, "CONSTRAINT") || text.is(from, "PRIMARY") || text.is(from, "UNIQUE")
                || text.is(from, "FOREIGN") || text.is(from, "CHECK");
            if (!constraint) {
                column(text, from);
            }
        }
        Expressions.rewrite(text);
        return text.text();
    }

    /** name [FOR COLUMN system-name] type ... [GENERATED ... AS IDENTITY (options)]. */
    private static void column(SqlText text, int from) {
        if (text.is(from + 1, "FOR", "COLUMN")) {
            text.replace(from + 1, from + 4, "");
        }
        int at = Types.rewrite(text, from + 1);
        if (!text.is(at, "GENERATED")) {
            return;
        }
        int identity = text.find(at, "AS", "IDENTITY");
        int end = identity + 2;
        int start = 1;
        if (text.is(end, "(")) {
            int close = text.closing(end);
            int with = text.find(end, "START", "WITH");
            start = with >= 0 && with < close ? Integer.parseInt(text.get(with + 2).text()) : 1;
            end = close + 1;
        }
        String kind = text.is(at + 1, "ALWAYS") ? "ALWAYS" : "BY DEFAULT";
        text.replace(at, end, "NOT NULL GENERATED %s AS IDENTITY (START WITH %d, INCREMENT BY 1)".formatted(kind, start));
    }

    private static void dropPair(SqlText text, int from, String word) {
        int at = text.find(from, word);
        if (at >= 0) {
            text.replace(at, at + 2, "");
        }
    }

    private static String call(String procedure, String... values) {
        List<String> literals = new ArrayList<>();
        for (String each : values) {
            literals.add(SqlText.literal(each));
        }
        return "CALL LAB." + procedure + "(" + String.join(", ", literals) + ")";
    }

    /** LAB.NOTHING(): a statement that says nothing here. */
    public static void nothing() { }

    /** LAB.CREATE_SCHEMA: whoever makes a library owns it; the command is open to all, as CRTLIB is as shipped. */
    public static void createSchema(String schema) throws SQLException {
        Refusal.passOn(() -> makeSchema(schema));
    }

    static void makeSchema(String schema) throws SQLException {
        Nested.execute("CREATE SCHEMA \"%s\" AUTHORIZATION \"%s\"", schema, Jobs.user());
    }

    /** LAB.DROP_SCHEMA: everything in the library, its data queues among it, and the library. */
    public static void dropSchema(String schema) throws SQLException {
        Refusal.passOn(() -> dropAll(schema));
    }

    static void dropAll(String schema) throws SQLException {
        List<String> owner = names(OWNER, schema, "O");
        if (owner.isEmpty()) {
            throw Refusal.sql("38204", schema);
        }
        if (!owner.get(0).equals(Jobs.user()) && !Profiles.has(Jobs.user(), "*ALLOBJ")) {
            throw Refusal.sql("38551", Jobs.user() + "\377DROP\377" + schema);
        }
        drop("TRIGGER", schema, names(TRIGGERS, schema, "G"));
        drop("VIEW", schema, names(TABLES, schema, "V"));
        drop("SYNONYM", schema, names(TABLES, schema, "A"));
        drop("TABLE", schema, names(TABLES, schema, "T"));
        drop("PROCEDURE", schema, names(ROUTINES, schema, "P"));
        drop("FUNCTION", schema, names(ROUTINES, schema, "F"));
        for (DataQueue each : Queues.all()) {
            if (each.limits().id().startsWith(schema + "/")) {
                Queues.delete(schema, each.limits().id().substring(schema.length() + 1));
                Authority.removed(each.limits().id());
            }
        }
        Nested.execute("DROP SCHEMA \"%s\" RESTRICT", schema);
    }

    private static void drop(String kind, String schema, List<String> names) throws SQLException {
        for (String name : names) {
            Nested.execute("DROP " + kind + " \"%s\".\"%s\"", schema, name);
        }
    }

    private static List<String> names(String sql, String schema, String kind) throws SQLException {
        List<String> found = new ArrayList<>();
        for (String[] row : Nested.rows(sql, schema)) {
            if (row[0].trim().equals(kind)) {
                found.add(row[1]);
            }
        }
        return found;
    }
}
