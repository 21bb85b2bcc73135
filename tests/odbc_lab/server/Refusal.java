package lab;

import java.sql.SQLException;
import org.apache.derby.iapi.error.StandardException;

/**
 * An error one of the lab's own routines raises. Derby passes only the SQLSTATE on to a client, so the words are kept for
 * the front door ({@link Session#words}), which puts them into the reply.
 */
final class Refusal extends SQLException {
    private static final long serialVersionUID = 1L;
    /** An escape message of the operating system: SQL0443 with the message's text. */
    static final String CPF = "38501";

    /** An error of Derby's own in a routine's statement: the words hold its state and tokens. */
    static final String NESTED = "38999";

    /** What a routine does. */
    interface Routine {
        void run() throws SQLException;
    }

    private Refusal(String state, String words) {
        super(words, state);
        Session.say(words);
    }

    /** The operating system's message, as SQL0443 carries it. */
    static Refusal cpf(String message, Object... values) {
        return new Refusal(CPF, message.formatted(values));
    }

    /** An SQL error of the lab's own ({@link SqlErrors} knows the states); the words become its tokens. */
    static Refusal sql(String state, String words) {
        return new Refusal(state, words);
    }

    /** What a program of the customer signals: its SQLSTATE and its words. */
    static Refusal signal(String state, String words) {
        return new Refusal(NESTED, state + "\377" + words);
    }

    /** Runs a routine; an error of a statement in it reaches the client as that statement's own would. */
    static void passOn(Routine routine) throws SQLException {
        try {
            routine.run();
        } catch (Refusal own) {
            throw own;
        } catch (SQLException error) {
            StringBuilder words = new StringBuilder(error.getSQLState());
            for (Throwable cause = error; cause != null; cause = cause.getCause()) {
                if (cause instanceof StandardException derby) {
                    Object[] arguments = derby.getArguments();
                    for (int each = 0; arguments != null && each < arguments.length; each++) {
                        words.append('\377').append(arguments[each]);
                    }
                    break;
                }
            }
            throw new Refusal(NESTED, words.toString());
        }
    }
}
