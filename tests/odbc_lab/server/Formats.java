package lab;

import java.util.ArrayList;
import java.util.List;

/**
 * Functions whose result depends on the declared type of a column, which a Derby function can't see: DIGITS, HEX, and
 * CHAR or VARCHAR of numbers and timestamps. The type is looked up and handed over as further arguments.
 *
 * https://www.ibm.com/docs/en/i/7.5?topic=functions-digits and topic=functions-hex say what they answer.
 */
final class Formats {
    private Formats() { }

    /** Rewrites the function call at a place if it is one of these. */
    static void rewrite(SqlText text, int at, String function) {
        if (!List.of("DIGITS", "HEX", "CHAR", "VARCHAR").contains(function)) {
            return;
        }
        int close = text.closing(at + 1);
        if (close < 0 || text.arguments(at + 1, close).size() != 1 || text.get(at + 2).kind() == SqlText.Kind.NUMBER) {
            return;
        }
        String argument = text.text(at + 2, close);
        Catalog.Column column = column(text, at + 2, close);
        String rewritten = switch (function) {
            case "DIGITS" -> column == null ? null : digits(argument, column);
            case "HEX" -> hex(argument, column);
            default -> column == null ? null : character(argument, column);
        };
        if (rewritten != null) {
            text.replace(at, close + 1, rewritten);
        }
    }

    private static Catalog.Column column(SqlText text, int from, int to) {
        boolean isColumn = text.get(to - 1).isName() && (to - from == 1 || to - from == 3 && text.is(from + 1, "."));
        return isColumn ? Catalog.column(tables(text), text.get(to - 1).name()) : null;
    }

    /** Every SCHEMA.TABLE the statement names after FROM, JOIN, INTO, UPDATE, ON or a comma. */
    static List<String> tables(SqlText text) {
        List<String> found = new ArrayList<>();
        for (int at = 1; at + 2 < text.size(); at++) {
            boolean place = text.is(at - 1, "FROM") || text.is(at - 1, "JOIN") || text.is(at - 1, "INTO")
                || text.is(at - 1, "UPDATE") || text.is(at - 1, "ON") || text.is(at - 1, ",");
            if (place && text.get(at).isName() && text.is(at + 1, ".") && text.get(at + 2).isName()) {
                found.add(text.get(at).name() + "." + text.get(at + 2).name());
            }
        }
        return found;
    }

    private static String digits(String argument, Catalog.Column column) {
        int precision = switch (column.type()) {
            case "SMALLINT" -> 5;
            case "INTEGER" -> 10;
            case "BIGINT" -> 19;
            default -> column.precision();
        };
        return "LAB.DIGITS(%s, %d, %d)".formatted(argument, precision, column.scale());
    }

    private static String hex(String argument, Catalog.Column column) {
        String type = column == null ? "VARCHAR" : column.type();
        return switch (type) {
            case "DECIMAL" -> "LAB.HEX_PACKED(%s, %d, %d)".formatted(argument, column.precision(), column.scale());
            case "NUMERIC" -> "LAB.HEX_ZONED(%s, %d, %d)".formatted(argument, column.precision(), column.scale());
            case "SMALLINT" -> "LAB.HEX_BINARY(%s, 2)".formatted(argument);
            case "INTEGER" -> "LAB.HEX_BINARY(%s, 4)".formatted(argument);
            case "BIGINT" -> "LAB.HEX_BINARY(%s, 8)".formatted(argument);
            case "CHAR", "VARCHAR" -> "LAB.HEX_TEXT(%s)".formatted(argument);
            default -> type.endsWith("BIT DATA") ? "LAB.HEX_BYTES(%s)".formatted(argument) : null;
        };
    }

    private static String character(String argument, Catalog.Column column) {
        return switch (column.type()) {
            case "DECIMAL", "NUMERIC", "SMALLINT", "INTEGER", "BIGINT" -> "LAB.NUMBER_CHAR(%s)".formatted(argument);
            case "TIMESTAMP" -> "LAB.TIMESTAMP_CHAR(%s)".formatted(argument);
            default -> null;
        };
    }
}
