package lab;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * F(NAME => value, ...) to F(value, ...) in the declared order, with the defaults filled in, for the services below only:
 * Derby has neither named arguments nor defaults.
 *
 * The services and the order of their parameters: https://ibm.com/support/knowledgecenter/ssw_ibm_i_75/rzajq/ (pages
 * rzajqudfreceivedtaq.htm, rzajqprocsenddtaq.htm, rzajqudfdtaqentries.htm) and https://www.ibm.com/support/knowledgecenter/ssw_ibm_i_72/rzajq/rzajqudfdisplayjournal.htm . Markers keep their order
 * in the text; where naming would change it, the text stays as it is and Derby refuses it.
 */
final class NamedArguments {
    private static final String TEXT = "CAST(NULL AS VARCHAR(1000))";
    private static final String TIME = "CAST(NULL AS TIMESTAMP)";
    private static final String NUMBER = "CAST(NULL AS DECIMAL(21,0))";
    /** Service -> parameter, default, ...; a default of "" makes the parameter obligatory. */
    private static final Map<String, String[]> SERVICES = Map.ofEntries(
        Map.entry("RECEIVE_DATA_QUEUE", new String[] {"DATA_QUEUE", "", "DATA_QUEUE_LIBRARY", "'*LIBL'",
            "REMOVE", "'YES'", "WAIT_TIME", "0", "KEY_DATA", TEXT, "KEY_ORDER", TEXT}),
        Map.entry("DATA_QUEUE_ENTRIES", new String[] {"DATA_QUEUE", "", "DATA_QUEUE_LIBRARY", "'*LIBL'",
            "SELECTION_TYPE", "'ALL'", "KEY_DATA", TEXT, "KEY_ORDER", TEXT}),
        Map.entry("SEND_DATA_QUEUE", sending()),
        Map.entry("SEND_DATA_QUEUE_UTF8", sending()),
        Map.entry("SEND_DATA_QUEUE_BINARY", sending()),
        Map.entry("DATA_AREA_INFO", new String[] {"DATA_AREA_NAME", "", "DATA_AREA_LIBRARY", "'*LIBL'"}),
        Map.entry("ACTIVE_JOB_INFO", new String[] {"RESET_STATISTICS", "'NO'", "SUBSYSTEM_LIST_FILTER", TEXT,
            "JOB_NAME_FILTER", TEXT, "CURRENT_USER_LIST_FILTER", TEXT, "DETAILED_INFO", "'NONE'"}),
        Map.entry("DISPLAY_JOURNAL", new String[] {"JOURNAL_LIBRARY", "", "JOURNAL_NAME", "",
            "STARTING_RECEIVER_LIBRARY", TEXT, "STARTING_RECEIVER_NAME", TEXT, "STARTING_TIMESTAMP", TIME,
            "STARTING_SEQUENCE", NUMBER, "JOURNAL_CODES", TEXT, "JOURNAL_ENTRY_TYPES", TEXT, "OBJECT_LIBRARY", TEXT,
            "OBJECT_NAME", TEXT, "OBJECT_OBJTYPE", TEXT, "OBJECT_MEMBER", TEXT, "USER", TEXT, "JOB", TEXT,
            "PROGRAM", TEXT, "ENDING_RECEIVER_LIBRARY", TEXT, "ENDING_RECEIVER_NAME", TEXT, "ENDING_TIMESTAMP", TIME,
            "ENDING_SEQUENCE", NUMBER, "GENERATE_SYSLOG", TEXT, "EOF_DELAY", NUMBER}));

    private NamedArguments() { }

    private static String[] sending() {
        return new String[] {"MESSAGE_DATA", "", "DATA_QUEUE", "", "DATA_QUEUE_LIBRARY", "'*LIBL'", "KEY_DATA", TEXT,
            "ASYNCHRONOUS", "'NO'"};
    }

    static void rewrite(SqlText text) {
        for (int at = 0; at + 3 < text.size(); at++) {
            if (!text.is(at, "QSYS2", ".") || !text.is(at + 3, "(")) {
                continue;
            }
            String[] parameters = SERVICES.get(text.get(at + 2).text().toUpperCase(Locale.ROOT));
            int close = text.closing(at + 3);
            if (parameters != null && close > 0) {
                String positional = positional(text, text.arguments(at + 3, close), parameters);
                if (positional != null) {
                    text.replace(at + 4, close, positional);
                }
            }
        }
    }

    /** The arguments in declared order, or null where they can't be had: Derby then says what is wrong. */
    static String positional(SqlText text, List<int[]> arguments, String[] parameters) {
        String[] values = new String[parameters.length / 2];
        int position = 0;
        for (int[] argument : arguments) {
            boolean named = text.is(argument[0] + 1, "=>");
            int place = named ? place(parameters, text.get(argument[0]).name()) : position++;
            if (place < 0 || place >= values.length || values[place] != null) {
                return null;
            }
            values[place] = text.text(argument[0] + (named ? 2 : 0), argument[1]);
        }
        int markers = 0;
        for (int[] argument : arguments) {
            boolean named = text.is(argument[0] + 1, "=>");
            if (named && text.is(argument[1] - 1, "?")) {
                int place = place(parameters, text.get(argument[0]).name()) + 1;
                if (place < markers) {
                    return null; // naming would change the order of the markers
                }
                markers = place;
            }
        }
        for (int each = 0; each < values.length; each++) {
            if (values[each] == null || values[each].equalsIgnoreCase("DEFAULT")) {
                values[each] = parameters[2 * each + 1];
            }
            if (values[each].isEmpty()) {
                return null;
            }
        }
        return String.join(", ", values);
    }

    private static int place(String[] parameters, String name) {
        for (int each = 0; each < parameters.length; each += 2) {
            if (parameters[each].equals(name)) {
                return each / 2;
            }
        }
        return -1;
    }
}
