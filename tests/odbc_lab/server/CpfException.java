package lab;

import java.sql.SQLException;

/** An escape message of the operating system, as SQL passes it on: SQL0443 with SQLSTATE 38501 and the message's text. */
final class CpfException extends SQLException {
    private static final long serialVersionUID = 1L;

    CpfException(String message, Object... values) {
        super(message.formatted(values), "38501");
    }
}
