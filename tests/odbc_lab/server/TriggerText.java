package lab;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * A compound SQL trigger of Db2 for i, taken apart into what Derby can have: one trigger for each event and each branch
 * of the body, with the branch's condition in its WHEN clause.
 *
 * Understood is the form that packaging/ibmi uses: AFTER, FOR EACH ROW; in the body declarations, a CONTINUE handler for
 * SQLEXCEPTION, IF with INSERTING, UPDATING, DELETING or comparisons, INSERT ... VALUES, CALL QSYS2.SEND_DATA_QUEUE, and
 * a last IF on a declared variable: what is done after a statement failed. Grammar:
 * https://www.ibm.com/docs/en/i/7.5?topic=statements-create-trigger .
 */
final class TriggerText {
    /** What one Derby trigger does: its event, its condition and the statements, as ranges of tokens. */
    record Branch(String event, List<String> conditions, List<int[]> statements) { }

    final SqlText text;
    final String schema;
    final String name;
    final String tableSchema;
    final String tableName;
    final String program;
    final boolean guarded;
    final List<int[]> afterFailure = new ArrayList<>();
    final List<Branch> branches = new ArrayList<>();
    private final Map<String, String> events = new LinkedHashMap<>();
    private final TreeSet<String> variables = new TreeSet<>();
    private String oldName = "";
    private String newName = "";

    TriggerText(String sql) throws SQLException {
        text = SqlText.of(sql);
        Expressions.rewrite(text);
        int at = text.find(0, "TRIGGER") + 1;
        schema = text.get(at).name();
        name = text.get(at + 2).name();
        int on = readEvents(text.find(at, "AFTER") + 1);
        tableSchema = text.get(on + 1).name();
        tableName = text.get(on + 3).name();
        int begin = text.find(on, "BEGIN");
        readNames(text.find(on, "REFERENCING"), begin);
        int named = text.find(on, "PROGRAM", "NAME");
        program = named >= 0 && named < begin ? text.get(named + 2).name() : name;
        guarded = text.has("HANDLER", "FOR", "SQLEXCEPTION");
        int start = begin + (text.is(begin + 1, "ATOMIC") ? 2 : 1);
        for (String event : events.keySet()) {
            List<String> conditions = new ArrayList<>();
            int when = text.find(on, "WHEN", "(");
            if (when >= 0 && when < begin) {
                conditions.add(condition(event, when + 1, text.closing(when + 1) + 1));
            }
            block(event, start, text.size() - 1, conditions);
        }
    }

    /** The clause of an event: INSERT, DELETE, UPDATE or UPDATE OF columns. */
    String clause(String event) {
        return events.get(event);
    }

    String references(String event) {
        List<String> parts = new ArrayList<>();
        if (!event.equals("INSERT") && !oldName.isEmpty()) {
            parts.add("OLD AS " + oldName);
        }
        if (!event.equals("DELETE") && !newName.isEmpty()) {
            parts.add("NEW AS " + newName);
        }
        return parts.isEmpty() ? "" : "REFERENCING " + String.join(" ", parts);
    }

    /** Whether an expression speaks of the row: only then must Derby hand it over. */
    boolean mentionsRow(int from, int to) {
        for (int at = from; at + 1 < to; at++) {
            if (text.is(at + 1, ".") && (text.is(at, oldName) || text.is(at, newName))) {
                return true;
            }
        }
        return false;
    }

    private int readEvents(int from) throws SQLException {
        int at = from;
        while (!text.is(at, "ON")) {
            String event = text.get(at).text().toUpperCase();
            int end = at + 1;
            while (!text.is(end, "OR") && !text.is(end, "ON")) {
                end++;
            }
            events.put(event, text.text(at, end));
            at = text.is(end, "OR") ? end + 1 : end;
        }
        if (events.isEmpty()) {
            throw unknown(from, from + 1);
        }
        return at;
    }

    private void readNames(int from, int begin) {
        for (int at = from + 1; from >= 0 && at < begin && !text.is(at, "FOR"); at++) {
            boolean old = text.is(at, "OLD");
            if (old || text.is(at, "NEW")) {
                int value = at + 1 + (text.is(at + 1, "ROW") ? 1 : 0);
                value += text.is(value, "AS") ? 1 : 0;
                if (old) {
                    oldName = text.get(value).text();
                } else {
                    newName = text.get(value).text();
                }
                at = value;
            }
        }
    }

    /** Reads statements between two places under conditions; the plain ones together make one branch. */
    private void block(String event, int from, int to, List<String> conditions) throws SQLException {
        List<int[]> statements = new ArrayList<>();
        for (int at = from; at < to; ) {
            int end = text.is(at, "IF") ? ifEnd(at) : text.find(at, ";");
            if (text.is(at, "DECLARE")) {
                declare(at);
            } else if (text.is(at, "IF") && variables.contains(text.get(at + 1).name())) {
                failure(at, end);
            } else if (text.is(at, "IF")) {
                choice(event, at, end, conditions);
            } else {
                statements.add(new int[] {at, end});
            }
            at = end + 1;
        }
        if (!statements.isEmpty()) {
            branches.add(new Branch(event, conditions, statements));
        }
    }

    private void declare(int at) {
        if (!text.is(at + 2, "HANDLER")) {
            variables.add(text.get(at + 1).name());
        }
    }

    /** IF FAILED = 1 THEN ... END IF: the same for every event. */
    private void failure(int at, int end) {
        if (afterFailure.isEmpty()) {
            for (int from = text.find(at, "THEN") + 1; from < end - 2; ) {
                int stop = text.find(from, ";");
                afterFailure.add(new int[] {from, stop});
                from = stop + 1;
            }
        }
    }

    private void choice(String event, int at, int end, List<String> outer) throws SQLException {
        List<String> before = new ArrayList<>(outer);
        for (int from = at; from < end && !text.is(from, "END"); ) {
            int stop = branchEnd(from + 1, end);
            boolean otherwise = text.is(from, "ELSE");
            int then = otherwise ? from : text.find(from, "THEN");
            String condition = otherwise ? "TRUE" : condition(event, from + 1, then);
            if (!condition.equals("FALSE")) {
                List<String> conditions = new ArrayList<>(before);
                if (!condition.equals("TRUE")) {
                    conditions.add(condition);
                }
                block(event, then + 1, stop, conditions);
            }
            if (condition.equals("TRUE")) {
                return; // no later branch is reached
            }
            if (!condition.equals("FALSE")) {
                before.add("CASE WHEN " + condition + " THEN 0 ELSE 1 END = 1");
            }
            from = stop;
        }
    }

    /** Where the next ELSEIF, ELSE or END IF of the same IF stands. */
    private int branchEnd(int from, int end) {
        int depth = 0;
        for (int at = from; at < end; at++) {
            if (text.is(at, "IF") && !text.is(at - 1, "END")) {
                depth++;
            } else if (text.is(at, "END", "IF") && depth-- == 0) {
                return at;
            } else if (depth == 0 && (text.is(at, "ELSEIF") || text.is(at, "ELSE") && !inCase(from, at))) {
                return at;
            }
        }
        return end;
    }

    private boolean inCase(int from, int at) {
        int open = 0;
        for (int each = from; each < at; each++) {
            open += text.is(each, "CASE") && !text.is(each - 1, "END") ? 1 : 0;
            open -= text.is(each, "END") && !text.is(each + 1, "IF") ? 1 : 0;
        }
        return open > 0;
    }

    /** The place of the semicolon after END IF. */
    private int ifEnd(int at) {
        int depth = 0;
        for (int each = at; each < text.size(); each++) {
            if (text.is(each, "END", "IF")) {
                each++;
                if (--depth == 0) {
                    return each + 1;
                }
            } else if (text.is(each, "IF")) {
                depth++;
            }
        }
        return text.size() - 1;
    }

    /** A condition for one event: TRUE, FALSE, or a text with the event predicates replaced and HEX taken off. */
    private String condition(String event, int from, int to) {
        SqlText part = SqlText.of(text.text(from, to));
        for (int at = part.size() - 1; at >= 0; at--) {
            for (String each : List.of("INSERTING", "UPDATING", "DELETING")) {
                if (part.is(at, each)) {
                    boolean happens = each.startsWith(event.substring(0, 5));
                    if (part.size() == 1) {
                        return happens ? "TRUE" : "FALSE";
                    }
                    part.replace(at, at + 1, happens ? "1 = 1" : "1 = 0");
                }
            }
            boolean hexadecimal = part.is(at, "LAB", ".") && part.get(at + 2).name().startsWith("HEX_");
            if (hexadecimal) {
                int close = part.closing(at + 3);
                int[] first = part.arguments(at + 3, close).get(0);
                part.replace(at, close + 1, part.text(first[0], first[1]));
            }
        }
        return part.text();
    }

    SQLException unknown(int from, int to) {
        return Refusal.sql("38104", text.text(from, to) + "\377" + schema + "." + name + "\377BEGIN");
    }
}
