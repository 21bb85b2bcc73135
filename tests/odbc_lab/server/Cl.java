package lab;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A CL command as QCMDEXC gets it: its name without library, and its parameters by keyword or in order. */
record Cl(String command, Map<String, String> keywords, List<String> positional) {

    /** Splits [LIB/]CMD KEYWORD(value) value ...; quotes around a whole value go, doubled ones inside become one. */
    static Cl of(String text) {
        List<String> words = words(text.trim());
        String name = words.isEmpty() ? "" : words.get(0).toUpperCase(Locale.ROOT);
        Map<String, String> keywords = new LinkedHashMap<>();
        List<String> positional = new ArrayList<>();
        for (String word : words.subList(Math.min(1, words.size()), words.size())) {
            int open = word.indexOf('(');
            if (open > 0 && word.endsWith(")") && word.charAt(0) != '\'') {
                String value = word.substring(open + 1, word.length() - 1).trim();
                keywords.put(word.substring(0, open).toUpperCase(Locale.ROOT), unquoted(value));
            } else {
                positional.add(unquoted(word));
            }
        }
        return new Cl(name.substring(name.indexOf('/') + 1), keywords, positional);
    }

    /** The value of a keyword or, where it was given by place, of that parameter; "" when neither is there. */
    String get(String keyword, int place) {
        String value = keywords.get(keyword);
        if (value != null) {
            return value;
        }
        return place >= 0 && place < positional.size() ? positional.get(place) : "";
    }

    String get(String keyword) {
        return get(keyword, -1);
    }

    int number(String keyword, int otherwise) {
        String value = get(keyword).split(" ")[0];
        return value.matches("\\d+") ? Integer.parseInt(value) : otherwise;
    }

    private static String unquoted(String value) {
        boolean quoted = value.length() >= 2 && value.startsWith("'") && value.endsWith("'");
        return quoted ? value.substring(1, value.length() - 1).replace("''", "'") : value;
    }

    /** Words at blanks outside parentheses and quotes. */
    private static List<String> words(String text) {
        List<String> found = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        int depth = 0;
        boolean quoted = false;
        for (char each : text.toCharArray()) {
            quoted ^= each == '\'';
            depth += quoted ? 0 : each == '(' ? 1 : each == ')' ? -1 : 0;
            if (each == ' ' && depth == 0 && !quoted) {
                if (word.length() > 0) {
                    found.add(word.toString());
                }
                word.setLength(0);
            } else {
                word.append(each);
            }
        }
        if (word.length() > 0) {
            found.add(word.toString());
        }
        return found;
    }
}
