package lab;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Rewrites of a SELECT as a whole: its closing clauses, in the one order Derby takes, and SKIP LOCKED DATA.
 *
 * SKIP LOCKED DATA becomes a condition that asks for each row whether it could be locked now (see {@link RowLocks}),
 * while the rows themselves are read WITH UR. A row of an open unit of work is then absent, and the read never waits.
 */
final class Queries {
    private static final Pattern ISOLATION = Pattern.compile("NC|UR|CS|RS|RR");

    private Queries() { }

    static void rewrite(SqlText text) {
        String isolation = "";
        String fetch = "";
        boolean readOnly = false;
        boolean skip = false;
        for (int at = text.size() - 2; at >= 0; at--) {
            if (text.is(at, "SKIP", "LOCKED", "DATA")) {
                text.replace(at, at + 3, "");
                skip = true;
            } else if (text.is(at, "USE", "CURRENTLY", "COMMITTED") || text.is(at, "WAIT", "FOR", "OUTCOME")) {
                text.replace(at, at + 3, "");
            } else if (isIsolation(text, at)) {
                isolation = text.get(at + 1).text().toUpperCase();
                text.replace(at, at + 2, "");
            } else if (text.is(at, "OPTIMIZE", "FOR")) {
                text.replace(at, at + 4, "");
            } else if (text.is(at, "FOR", "READ", "ONLY") || text.is(at, "FOR", "FETCH", "ONLY")) {
                text.replace(at, at + 3, "");
                readOnly = true;
            } else if (text.is(at, "LIMIT") && at >= text.size() - 2) {
                fetch = "FETCH FIRST " + text.get(at + 1).text() + " ROWS ONLY";
                text.replace(at, at + 2, "");
            }
        }
        if (skip) {
            RowLocks.rewrite(text);
            isolation = "UR";
        }
        String tail = fetch + (readOnly ? " FOR READ ONLY" : "")
            + (isolation.isEmpty() ? "" : " WITH " + (isolation.equals("NC") ? "UR" : isolation));
        text.replace(text.size(), text.size(), tail);
    }

    /** WITH NC and kin say nothing on a write: Derby has the isolation of the connection. */
    static void dropIsolation(SqlText text) {
        int at = text.size() - 2;
        if (at > 0 && isIsolation(text, at)) {
            text.replace(at, at + 2, "");
        }
    }

    private static boolean isIsolation(SqlText text, int at) {
        if (!text.is(at, "WITH")) {
            return false;
        }
        Matcher level = ISOLATION.matcher(text.get(at + 1).text().toUpperCase());
        return level.matches();
    }
}
