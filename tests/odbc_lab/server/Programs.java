package lab;

import java.sql.SQLException;
import java.util.Arrays;
import org.apache.derby.iapi.sql.conn.ConnectionUtil;

/**
 * The customer's own programs, registered with CREATE PROCEDURE ... EXTERNAL NAME: each call is noted in LAB.PROGRAM_CALLS,
 * and answered as LAB.PROGRAMS says: nothing, or a signal with an SQLSTATE of its own (SQL0438).
 *
 * Whatever the parameters' types, the stand-in's procedure takes any number of texts.
 */
public final class Programs {
    private Programs() { }

    /** LAB.CREATE_PROGRAM. */
    public static void create(String library, String name, String instead) throws SQLException {
        Refusal.passOn(() -> {
            if (instead.equals("Y") && exists(library, name)) {
                return;
            }
            Nested.execute("CREATE PROCEDURE \"%s\".\"%s\" (P VARCHAR(4000) ...) LANGUAGE JAVA PARAMETER STYLE DERBY"
                + " EXTERNAL SECURITY DEFINER MODIFIES SQL DATA EXTERNAL NAME 'lab.Programs.call'", library, name);
            Nested.execute("GRANT EXECUTE ON PROCEDURE \"%s\".\"%s\" TO PUBLIC", library, name);
            Authority.created(library + "/" + name + "*PGM", Jobs.user(), "*USE");
        });
    }

    /** What every registered program runs; its name stands in the statement that called it. */
    public static void call(String... parameters) throws SQLException {
        SqlText text = SqlText.of(ConnectionUtil.getCurrentLCC().getStatementContext().getStatementText());
        int at = text.find(0, "CALL") + 1;
        String library = text.get(at).name();
        String name = text.get(at + 2).name();
        Refusal.passOn(() -> run(library, name, parameters));
    }

    private static void run(String library, String name, String[] parameters) throws SQLException {
        String object = library + "/" + name + "*PGM";
        if (!Authority.has(object, Jobs.user(), "*EXECUTE")) {
            throw Refusal.cpf("CPF9820: Not authorized to use library %s or program %s.", library, name);
        }
        String ask = "SELECT SIGNAL, WORDS FROM LAB.PROGRAMS WHERE LIBRARY = ? AND NAME = ?";
        for (String[] told : Nested.rows(ask, library, name)) {
            if (!told[0].isEmpty()) {
                throw Refusal.signal(told[0], told[1]);
            }
        }
        Nested.update("INSERT INTO LAB.PROGRAM_CALLS (LIBRARY, NAME, PARAMETERS, CALLER) VALUES (?, ?, ?, ?)", library, name,
            String.join("|", Arrays.asList(parameters)), Jobs.user());
    }

    private static boolean exists(String library, String name) throws SQLException {
        return !Nested.rows("SELECT 1 FROM QSYS2.SYSROUTINES WHERE ROUTINE_SCHEMA = ? AND ROUTINE_NAME = ?", library, name)
            .isEmpty();
    }
}
