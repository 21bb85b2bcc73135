package lab;

import java.util.List;
import java.util.Map;

/** Rewrites of expressions: special registers, types in CAST, operators and functions that Derby spells otherwise. */
final class Expressions {
    /** What stands alone and how Derby or the lab says it. */
    private static final Map<String, String> REGISTERS = Map.of(
        "CURRENT SERVER", "LAB.SERVER()",
        "CURRENT_SERVER", "LAB.SERVER()",
        "CURRENT TIMEZONE", "LAB.TIMEZONE()",
        "CURRENT_TIMEZONE", "LAB.TIMEZONE()",
        "CURRENT USER", "CURRENT_USER",
        "SYSTEM_USER", "SESSION_USER",
        "CURRENT TIME", "CURRENT_TIME",
        "CURRENT DATE", "CURRENT_DATE",
        "CURRENT TIMESTAMP", "CURRENT_TIMESTAMP");
    private static final Map<String, String> FUNCTIONS = Map.of(
        "IFNULL", "COALESCE", "VALUE", "COALESCE", "SUBSTRING", "SUBSTR", "CHARACTER_LENGTH", "LENGTH",
        "CHAR_LENGTH", "LENGTH");

    private Expressions() { }

    static void rewrite(SqlText text) {
        for (int at = 0; at < text.size(); at++) {
            if (text.get(at).kind() == SqlText.Kind.WORD) {
                word(text, at);
            }
        }
        NamedArguments.rewrite(text);
    }

    private static void word(SqlText text, int at) {
        String word = text.get(at).text().toUpperCase();
        String two = at + 1 < text.size() ? word + " " + text.get(at + 1).text().toUpperCase() : word;
        boolean call = text.is(at + 1, "(");
        if (word.equals("QSYS2") && text.is(at + 1, ".", "JOB_NAME")) {
            text.replace(at, at + 3, "LAB.JOB_NAME()");
        } else if (word.equals("SYSIBMADM") && text.is(at + 1, ".")) {
            text.replace(at, at + 1, "QSYS2"); // Derby keeps names that begin with SYS to itself
        } else if (REGISTERS.containsKey(two)) {
            text.replace(at, at + 2, REGISTERS.get(two));
        } else if (REGISTERS.containsKey(word) && !call) {
            text.replace(at, at + 1, REGISTERS.get(word));
        } else if (call && FUNCTIONS.containsKey(word)) {
            text.replace(at, at + 1, FUNCTIONS.get(word));
        } else if (word.equals("CONCAT")) {
            concat(text, at);
        } else if (word.equals("AS") && inCast(text, at)) {
            Types.rewrite(text, at + 1);
        } else if (word.equals("IS")) {
            distinct(text, at);
        } else if (call && !text.is(at - 1, ".")) {
            Formats.rewrite(text, at, word);
        }
    }

    /** A CONCAT B and CONCAT(A, B) both become the operator. */
    private static void concat(SqlText text, int at) {
        int close = text.is(at + 1, "(") ? text.closing(at + 1) : -1;
        List<int[]> parts = close < 0 ? List.of() : text.arguments(at + 1, close);
        if (parts.size() != 2) {
            text.replace(at, at + 1, "||");
            return;
        }
        String left = text.text(parts.get(0)[0], parts.get(0)[1]);
        String right = text.text(parts.get(1)[0], parts.get(1)[1]);
        text.replace(at, close + 1, "((" + left + ") || (" + right + "))");
    }

    /** AS belongs to a CAST when a type stands after it and CAST( opened the parenthesis we are in. */
    private static boolean inCast(SqlText text, int at) {
        int depth = 0;
        for (int each = at - 1; each > 0; each--) {
            if (text.is(each, ")")) {
                depth++;
            } else if (text.is(each, "(") && depth-- == 0) {
                return text.is(each - 1, "CAST");
            }
        }
        return false;
    }

    /** a IS [NOT] DISTINCT FROM b, between two column names or literals. */
    private static void distinct(SqlText text, int at) {
        boolean not = text.is(at + 1, "NOT");
        int from = at + (not ? 2 : 1);
        if (!text.is(from, "DISTINCT", "FROM")) {
            return;
        }
        int start = operandStart(text, at);
        int end = operandEnd(text, from + 2);
        String left = text.text(start, at);
        String right = text.text(from + 2, end);
        String differs = "(%1$s <> %2$s OR (%1$s IS NULL AND %2$s IS NOT NULL) OR (%1$s IS NOT NULL AND %2$s IS NULL))"
            .formatted(left, right);
        String same = "(%1$s = %2$s OR (%1$s IS NULL AND %2$s IS NULL))".formatted(left, right);
        text.replace(start, end, not ? same : differs);
    }

    /** Where the operand that ends before a place begins: a name, a qualified name, or a function call. */
    private static int operandStart(SqlText text, int end) {
        int at = end - 1;
        if (text.is(at, ")")) {
            int depth = 0;
            for (; at >= 0; at--) {
                if (text.is(at, ")")) {
                    depth++;
                } else if (text.is(at, "(") && --depth == 0) {
                    break;
                }
            }
            at = at > 0 && text.get(at - 1).isName() ? at - 1 : at;
        }
        while (at > 1 && text.is(at - 1, ".")) {
            at -= 2;
        }
        return at;
    }

    private static int operandEnd(SqlText text, int start) {
        int at = start + 1;
        while (text.is(at, ".")) {
            at += 2;
        }
        return text.is(at, "(") ? text.closing(at) + 1 : at;
    }
}
