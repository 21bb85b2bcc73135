package lab;

import java.lang.reflect.Field;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.apache.derby.iapi.services.context.Context;
import org.apache.derby.iapi.services.context.ContextManager;
import org.apache.derby.iapi.services.context.ContextService;
import org.apache.derby.iapi.sql.conn.ConnectionUtil;
import org.apache.derby.iapi.sql.conn.LanguageConnectionContext;

/**
 * Every connection is a job: number, user QUSER, name QZDASOINIT, as ODBC's prestart jobs have it whoever is signed on
 * (so an administrator looks for the current user, not for the job's: general knowledge).
 */
public final class Jobs {
    private static final int FIRST_NUMBER = 100000;

    private Jobs() { }

    /** The qualified name of the job this thread works in; of the machine itself outside a connection. */
    public static String name() {
        LanguageConnectionContext connection = current();
        return connection == null ? "000000/QSYS/SCPF" : name(connection);
    }

    /** The profile that signed on. */
    static String user() {
        LanguageConnectionContext connection = current();
        return connection == null ? Main.OFFICER : user(connection);
    }

    private static LanguageConnectionContext current() {
        try {
            return ConnectionUtil.getCurrentLCC();
        } catch (SQLException none) {
            return null;
        }
    }

    private static String name(LanguageConnectionContext connection) {
        return "%06d/QUSER/QZDASOINIT".formatted(FIRST_NUMBER + connection.getInstanceNumber());
    }

    private static String user(LanguageConnectionContext connection) {
        return connection.getSessionUserId();
    }

    /** Job name and current user of each connection with the id of its transaction: what joins a lock to its holder. */
    public static ResultSet transactions() {
        List<Object[]> rows = new ArrayList<>();
        for (LanguageConnectionContext each : connections()) {
            String transaction = each.getTransactionExecute() == null ? null
                : each.getTransactionExecute().getTransactionIdString();
            rows.add(new Object[] {name(each), user(each), transaction});
        }
        return new Rows(rows);
    }

    /** Derby keeps its connections in a private set; nothing public lists them. */
    private static List<LanguageConnectionContext> connections() {
        List<LanguageConnectionContext> found = new ArrayList<>();
        try {
            Field all = ContextService.class.getDeclaredField("allContexts");
            all.setAccessible(true);
            ContextService service = ContextService.getFactory();
            synchronized (service) {
                for (Object manager : new ArrayList<>((Collection<?>) all.get(service))) {
                    Context context = ((ContextManager) manager).getContext("LanguageConnectionContext");
                    if (context instanceof LanguageConnectionContext connection) {
                        found.add(connection);
                    }
                }
            }
        } catch (ReflectiveOperationException error) {
            throw new IllegalStateException(error);
        }
        return found;
    }
}
