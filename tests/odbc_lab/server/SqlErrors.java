package lab;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * Derby's SQLSTATEs as Db2 for i has them, with the SQLCODE that makes the client print Db2's text.
 *
 * Derby: https://db.apache.org/derby/docs/10.14/ref/rrefexcept71493.html ; Db2 for i: message SQLnnnn of the negated code,
 * https://ibm.com/support/knowledgecenter/ssw_ibm_i_73/rzala/rzalaml.htm . The 38xxx are the lab's own routines, which may
 * raise no others in Derby. A state that is not listed passes as it is.
 */
final class SqlErrors {
    record Db2(String state, int code) { }

    private static final Map<String, Db2> STATES = new HashMap<>();

    static {
        add("42601", -104, "42X01", "42X02");
        add("42704", -204, "42X05", "42Y07", "42X94", "42Y55", "42X65", "42X86");
        add("42703", -206, "42X04", "42X14");
        add("42884", -440, "42Y03", "42ZB4");
        add("42710", -601, "X0Y32", "X0Y68", "42X41");
        add("42501", -551, "42500", "42501", "42502", "42503", "42504", "42505", "42506", "42507", "42508", "42509",
            "4250A", "4250B", "4250C", "4250D", "4250E");
        add("57033", -913, "40XL1", "40XL2");
        add("40001", -911, "40001");
        add("57014", -952, "XCL52");
        add("23505", -803, "23505");
        add("23502", -407, "23502");
        add("23503", -530, "23503");
        add("23513", -545, "23513");
        add("22003", -413, "22003");
        add("22001", -404, "22001");
        add("22012", -801, "22012");
        add("22018", -420, "22018");
        add("22007", -181, "22007", "22008");
        add("21000", -811, "21000");
        add("57017", -332, "57017");
        add("42601", -104, "38104");
        add("42704", -204, "38204");
        add("42501", -551, "38551");
        add("42710", -601, "38601");
        add("55019", -7008, "38708");
        add("38501", -443, "38501");
    }

    private SqlErrors() { }

    private static void add(String state, int code, String... derby) {
        for (String each : derby) {
            STATES.put(each, new Db2(state, code));
        }
    }

    /** What Db2 for i says, or null to leave Derby's state; a program's own signal (class 7, 8, 9 or 38) is SQL0438. */
    static Db2 db2(String derby, boolean nested) {
        boolean signal = nested && (derby.startsWith("7") || derby.startsWith("38"));
        return signal ? new Db2(derby, -438) : STATES.get(derby);
    }

    /** The tokens of Db2's message, with a byte X'FF' between them: Derby's own, or what the failed routine said. */
    static byte[] tokens(String state, String derby, String words) {
        String text = derby;
        if (state.startsWith("38") && STATES.containsKey(state)) {
            text = state.equals(Refusal.CPF) ? "*N\377*N\377" + words : words;
        } else if (state.startsWith("425")) {
            text = authority(derby.split("\377"), derby);
        } else if (state.equals("42X94")) {
            text = derby.substring(derby.lastIndexOf('\377') + 1); // Derby says the kind of object first
        }
        return separated(text);
    }

    /** Who, what, on what: Derby says user, privilege, perhaps a column, schema and table. */
    private static String authority(String[] told, String otherwise) {
        int count = told.length;
        if (count == 2) {
            return told[0] + "\377CREATE\377" + told[1]; // user and schema
        }
        return count < 4 ? otherwise
            : told[0] + "\377" + told[1] + "\377" + told[count - 2] + "." + told[count - 1];
    }

    private static byte[] separated(String text) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        String[] parts = text.split("\377", -1);
        for (int each = 0; each < parts.length; each++) {
            if (each > 0) {
                out.write(0xFF);
            }
            byte[] bytes = parts[each].getBytes(StandardCharsets.UTF_8);
            out.write(bytes, 0, bytes.length);
        }
        return out.toByteArray();
    }
}
