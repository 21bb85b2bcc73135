package lab;

/** Rewrites of data types, in CAST and in column definitions. */
final class Types {
    private Types() { }

    /** Rewrites the type at a place; returns the place after it. */
    static int rewrite(SqlText text, int at) {
        if (at >= text.size()) {
            return at;
        }
        int end = switch (text.get(at).text().toUpperCase()) {
            case "VARBINARY" -> binary(text, at, "VARCHAR");
            case "BINARY" -> text.is(at + 1, "VARYING") ? binary(text, drop(text, at, 1), "VARCHAR")
                : binary(text, at, "CHAR");
            case "GRAPHIC", "NCHAR" -> renamed(text, at, "CHAR");
            case "VARGRAPHIC", "NVARCHAR" -> renamed(text, at, "VARCHAR");
            case "TIMESTAMP" -> text.is(at + 1, "(") ? text.replace(at, text.closing(at + 1) + 1, "TIMESTAMP") : at + 1;
            default -> text.is(at + 1, "(") ? text.closing(at + 1) + 1 : at + 1;
        };
        return attributes(text, end);
    }

    private static int drop(SqlText text, int at, int from) {
        text.replace(at + from, at + from + 1, "");
        return at;
    }

    private static int renamed(SqlText text, int at, String name) {
        text.replace(at, at + 1, name);
        return text.is(at + 1, "(") ? text.closing(at + 1) + 1 : at + 1;
    }

    private static int binary(SqlText text, int at, String name) {
        if (!text.is(at + 1, "(")) {
            return text.replace(at, at + 1, name + "(1) FOR BIT DATA");
        }
        int close = text.closing(at + 1);
        int length = Integer.parseInt(text.text(at + 2, close));
        String type = "%s(%d) FOR BIT DATA".formatted(name, Math.min(length, Dialect.LONGEST_BINARY));
        return text.replace(at, close + 1, type);
    }

    /** CCSID n, FOR SBCS DATA, FOR MIXED DATA and ALLOCATE(n) say nothing here. */
    private static int attributes(SqlText text, int at) {
        while (true) {
            if (text.is(at, "CCSID")) {
                text.replace(at, at + 2, "");
            } else if (text.is(at, "FOR", "SBCS", "DATA") || text.is(at, "FOR", "MIXED", "DATA")) {
                text.replace(at, at + 3, "");
            } else if (text.is(at, "ALLOCATE", "(")) {
                text.replace(at, text.closing(at + 1) + 1, "");
            } else if (text.is(at, "FOR", "BIT", "DATA")) {
                return at + 3;
            } else {
                return at;
            }
        }
    }
}
