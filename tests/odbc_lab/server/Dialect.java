package lab;

/**
 * Db2 for i text to Derby text: narrow rewrites, so that the agent's SQL and an administrator's script run unchanged.
 *
 * Every rewrite keeps what the statement means, or names here what is lost: CCSID, RCDFMT, LABEL, COMMENT and OPTIMIZE
 * say nothing to Derby and are dropped; a VARBINARY longer than 16383 becomes that long (the longest IBM's driver takes
 * from Derby); WITH NC on reads becomes WITH UR (Derby has a unit of work always, so WITH NC on writes is dropped and
 * the write waits for a commit, which a connection under *NONE gets by autocommit).
 */
final class Dialect {
    /** The longest FOR BIT DATA column IBM's driver takes from Derby. */
    static final int LONGEST_BINARY = 16383;
    static final String NOTHING = "CALL LAB.NOTHING()";
    private static final boolean TRACE = Boolean.getBoolean("lab.trace");

    private Dialect() { }

    /** The statement as Derby wants it; text it has no rewrite for comes back as it is, for Derby to judge. */
    static String derby(String sql) {
        SqlText text = SqlText.of(sql);
        String result = rewritten(text, sql);
        if (TRACE && !result.equals(sql)) {
            System.err.println("dialect: " + sql.replaceAll("\\s+", " ") + "\n      -> " + result);
        }
        return result;
    }

    private static String rewritten(SqlText text, String sql) {
        if (text.size() == 0) {
            return sql;
        }
        if (text.is(text.size() - 1, ";")) {
            text.replace(text.size() - 1, text.size(), "");
        }
        return switch (text.get(0).text().toUpperCase()) {
            case "SELECT", "VALUES" -> {
                Expressions.rewrite(text);
                Queries.rewrite(text);
                yield text.text();
            }
            case "INSERT", "UPDATE", "DELETE", "MERGE" -> {
                Expressions.rewrite(text);
                Queries.dropIsolation(text);
                yield text.text();
            }
            case "CREATE", "DROP", "ALTER", "LABEL", "COMMENT" -> Ddl.rewrite(text);
            case "LOCK" -> lockTable(text);
            case "CALL" -> {
                Expressions.rewrite(text);
                yield text.text();
            }
            default -> text.text();
        };
    }

    /** LOCK TABLE x IN EXCLUSIVE MODE ALLOW READ: Derby has one exclusive mode, which UR reads pass. */
    private static String lockTable(SqlText text) {
        int at = text.find(0, "ALLOW", "READ");
        if (at >= 0) {
            text.replace(at, at + 2, "");
        }
        return text.text();
    }
}
