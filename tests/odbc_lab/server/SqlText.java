package lab;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * SQL text as a list of tokens that can be searched and replaced without mistaking what stands in a literal.
 *
 * Comments are dropped. White space is not a token; a token remembers whether some stood before it.
 */
final class SqlText {
    enum Kind { WORD, QUOTED, STRING, NUMBER, SYMBOL }

    /** One token; a word is compared in any case, a symbol as it stands. */
    record Token(Kind kind, String text, boolean spaced) {
        boolean is(String other) {
            return kind != Kind.STRING && kind != Kind.QUOTED && text.equalsIgnoreCase(other);
        }

        boolean isName() {
            return kind == Kind.WORD || kind == Kind.QUOTED;
        }

        /** A name as the catalog has it. */
        String name() {
            return kind == Kind.QUOTED ? text.substring(1, text.length() - 1).replace("\"\"", "\"")
                : text.toUpperCase(Locale.ROOT);
        }
    }

    private final List<Token> tokens;

    private SqlText(List<Token> tokens) {
        this.tokens = tokens;
    }

    static SqlText of(String sql) {
        return new SqlText(scan(sql));
    }

    /** Splits a script at semicolons outside BEGIN ... END, literals and comments. */
    static List<String> statements(String script) {
        List<String> found = new ArrayList<>();
        SqlText text = of(script);
        int start = 0;
        int depth = 0;
        for (int at = 0; at <= text.size(); at++) {
            boolean end = at == text.size();
            if (!end && text.is(at, "BEGIN")) {
                depth++;
            } else if (!end && depth > 0 && text.is(at, "END") && !text.is(at + 1, "IF") && !text.is(at + 1, "CASE")) {
                depth--;
            }
            if (end || depth == 0 && text.is(at, ";")) {
                if (at > start) {
                    found.add(text.text(start, at));
                }
                start = at + 1;
            }
        }
        return found;
    }

    int size() {
        return tokens.size();
    }

    Token get(int at) {
        return tokens.get(at);
    }

    /** Whether these words stand at a place. */
    boolean is(int at, String... words) {
        if (at < 0 || at + words.length > tokens.size()) {
            return false;
        }
        for (int each = 0; each < words.length; each++) {
            if (!tokens.get(at + each).is(words[each])) {
                return false;
            }
        }
        return true;
    }

    /** Where these words stand first at or after a place; -1 where they don't. */
    int find(int from, String... words) {
        for (int at = from; at + words.length <= tokens.size(); at++) {
            if (is(at, words)) {
                return at;
            }
        }
        return -1;
    }

    boolean has(String... words) {
        return find(0, words) >= 0;
    }

    /** Replaces the tokens from (inclusive) to (exclusive) by other text; returns where the text after it begins. */
    int replace(int from, int to, String sql) {
        List<Token> replacement = scan(" " + sql);
        tokens.subList(from, to).clear();
        tokens.addAll(from, replacement);
        return from + replacement.size();
    }

    /** The index of the parenthesis that closes the one at a place, or -1. */
    int closing(int open) {
        int depth = 0;
        for (int at = open; at < tokens.size(); at++) {
            if (is(at, "(")) {
                depth++;
            } else if (is(at, ")") && --depth == 0) {
                return at;
            }
        }
        return -1;
    }

    /** The arguments between two parentheses as [from, to) pairs; none for "()". */
    List<int[]> arguments(int open, int close) {
        List<int[]> found = new ArrayList<>();
        int start = open + 1;
        int depth = 0;
        for (int at = open + 1; at <= close; at++) {
            if (is(at, "(")) {
                depth++;
            } else if (at < close && is(at, ")")) {
                depth--;
            } else if (at == close || depth == 0 && is(at, ",")) {
                if (at > start || !found.isEmpty()) {
                    found.add(new int[] {start, at});
                }
                start = at + 1;
            }
        }
        return found;
    }

    String text() {
        return text(0, tokens.size());
    }

    String text(int from, int to) {
        StringBuilder out = new StringBuilder();
        for (Token token : tokens.subList(from, to)) {
            if (token.spaced && out.length() > 0) {
                out.append(' ');
            }
            out.append(token.text);
        }
        return out.toString();
    }

    /** A literal for a text. */
    static String literal(String text) {
        return "'" + text.replace("'", "''") + "'";
    }

    private static List<Token> scan(String sql) {
        List<Token> found = new ArrayList<>();
        boolean spaced = false;
        for (int at = 0; at < sql.length(); ) {
            int skipped = skip(sql, at);
            if (skipped > at) {
                spaced = true;
                at = skipped;
                continue;
            }
            Kind kind = kind(sql.charAt(at));
            int end = end(sql, at, kind);
            found.add(new Token(kind, sql.substring(at, end), spaced));
            spaced = false;
            at = end;
        }
        return found;
    }

    /** Past white space or a comment that begins here. */
    private static int skip(String sql, int at) {
        if (Character.isWhitespace(sql.charAt(at))) {
            return at + 1;
        }
        if (sql.startsWith("--", at)) {
            int end = sql.indexOf('\n', at);
            return end < 0 ? sql.length() : end;
        }
        if (sql.startsWith("/*", at)) {
            int end = sql.indexOf("*/", at + 2);
            return end < 0 ? sql.length() : end + 2;
        }
        return at;
    }

    private static Kind kind(char first) {
        if (first == '\'') {
            return Kind.STRING;
        }
        if (first == '"') {
            return Kind.QUOTED;
        }
        if (Character.isDigit(first)) {
            return Kind.NUMBER;
        }
        return isWordCharacter(first) ? Kind.WORD : Kind.SYMBOL;
    }

    private static int end(String sql, int at, Kind kind) {
        return switch (kind) {
            case STRING, QUOTED -> quotedEnd(sql, at);
            case NUMBER -> run(sql, at, true);
            case WORD -> wordEnd(sql, at);
            case SYMBOL -> at + (isPair(sql, at) ? 2 : 1);
        };
    }

    private static int quotedEnd(String sql, int at) {
        char quote = sql.charAt(at);
        for (int end = at + 1; end < sql.length(); end++) {
            if (sql.charAt(end) == quote) {
                if (end + 1 < sql.length() && sql.charAt(end + 1) == quote) {
                    end++;
                } else {
                    return end + 1;
                }
            }
        }
        return sql.length();
    }

    /** A word; X'..' is one token, a string. */
    private static int wordEnd(String sql, int at) {
        int end = run(sql, at, false);
        boolean hexadecimal = end == at + 1 && "Xx".indexOf(sql.charAt(at)) >= 0;
        return hexadecimal && end < sql.length() && sql.charAt(end) == '\'' ? quotedEnd(sql, end) : end;
    }

    private static int run(String sql, int at, boolean number) {
        int end = at;
        while (end < sql.length() && (isWordCharacter(sql.charAt(end)) || number && sql.charAt(end) == '.')) {
            end++;
        }
        return end;
    }

    private static boolean isPair(String sql, int at) {
        return at + 2 <= sql.length() && List.of("=>", "<>", "<=", ">=", "||", "!=").contains(sql.substring(at, at + 2));
    }

    private static boolean isWordCharacter(char each) {
        return Character.isLetterOrDigit(each) || each == '_' || each == '#' || each == '@' || each == '$';
    }
}
