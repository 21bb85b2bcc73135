package lab;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.Timestamp;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The data queue services of QSYS2, as Derby calls them. Parameters, authority and columns:
 * https://ibm.com/support/knowledgecenter/ssw_ibm_i_75/rzajq/ (rzajqudfreceivedtaq.htm, rzajqprocsenddtaq.htm,
 * rzajqudfdtaqentries.htm), https://ibm.com/docs/en/i/7.5?topic=services-data-queue-info-view .
 *
 * The plain send converts to the job's CCSID, 37; keys are text in that CCSID too. A wait whose client is gone goes on,
 * and takes the next entry: the ghost receiver that the agent has to live with (not verified on a real IBM i).
 */
public final class QueueServices {
    private QueueServices() { }

    public static void send(String data, String queue, String library, String key, String async) throws Refusal {
        put(data == null ? new byte[0] : data.getBytes(Values.JOB_CCSID), queue, library, key, Jobs.user());
    }

    public static void sendUtf8(String data, String queue, String library, String key, String async)
            throws Refusal {
        put(data == null ? new byte[0] : data.getBytes(StandardCharsets.UTF_8), queue, library, key, Jobs.user());
    }

    public static void sendBinary(byte[] data, String queue, String library, String key, String async)
            throws Refusal {
        put(data == null ? new byte[0] : data, queue, library, key, Jobs.user());
    }

    /** Sends under the authority of a profile, which in a trigger is its owner and not the job's user. */
    static void put(byte[] data, String queue, String library, String key, String authority) throws Refusal {
        DataQueue target = Queues.get(library, queue);
        Authority.demand(target.limits().id(), authority, "*ADD");
        target.send(bytes(key), data, Jobs.name(), Jobs.user());
    }

    /** Blocks up to so many seconds (negative: for ever) and answers no row or one. */
    public static ResultSet receive(String queue, String library, String remove, BigDecimal wait, String key,
                                    String order) throws Refusal {
        DataQueue source = readable(queue, library);
        boolean keyed = source.limits().keyLength() > 0;
        if (keyed && key == null) {
            throw Refusal.cpf("CPF9506: data queue %s is keyed; KEY_DATA is missing.", source.limits().id());
        }
        DataQueue.Entry entry = source.receive(bytes(key), order(order), !"NO".equalsIgnoreCase(text(remove)),
            wait == null ? 0 : wait.doubleValue());
        List<Object[]> rows = new ArrayList<>();
        if (entry != null) {
            rows.add(message(source, entry));
        }
        return new Rows(rows);
    }

    /** Entries in queue order, none removed: all, the first, the last, or those whose key fits. */
    public static ResultSet entries(String queue, String library, String selection, String key, String order)
            throws Refusal {
        DataQueue source = readable(queue, library);
        List<DataQueue.Entry> chosen = source.entries();
        boolean keyed = source.limits().keyLength() > 0;
        String which = text(selection).toUpperCase(Locale.ROOT);
        if (keyed == List.of("FIRST", "LAST", "REVERSE").contains(which) && !which.equals("ALL")
                && (keyed || which.equals("KEY"))) {
            throw Refusal.cpf("CPF9506: SELECTION_TYPE %s does not fit data queue %s.", which, source.limits().id());
        }
        if (which.equals("KEY")) {
            byte[] wanted = bytes(key);
            chosen.removeIf(each -> !DataQueue.matches(java.util.Arrays.compareUnsigned(each.key(), wanted), order(order)));
        } else if (which.equals("FIRST") && !chosen.isEmpty()) {
            chosen = chosen.subList(0, 1);
        } else if (which.equals("LAST") && !chosen.isEmpty()) {
            chosen = chosen.subList(chosen.size() - 1, chosen.size());
        }
        List<Object[]> rows = new ArrayList<>();
        for (DataQueue.Entry each : chosen) {
            Object[] message = message(source, each);
            Object[] row = new Object[10];
            String[] id = source.limits().id().split("/");
            row[0] = rows.size() + 1;
            row[1] = id[0];
            row[2] = id[1];
            System.arraycopy(message, 0, row, 3, 6);
            row[9] = new Timestamp(each.sentAt() / 1000 * 1000); // whole seconds, as there (general knowledge)
            rows.add(row);
        }
        return new Rows(rows);
    }

    /** Every queue the user may read. */
    public static ResultSet info() {
        List<Object[]> rows = new ArrayList<>();
        for (DataQueue queue : Queues.all()) {
            DataQueue.Limits limits = queue.limits();
            if (Authority.has(limits.id(), Jobs.user(), "*READ")) {
                String[] id = limits.id().split("/");
                rows.add(new Object[] {id[0], id[1], "STANDARD", limits.maxLength(), limits.sequence(),
                    limits.keyLength() == 0 ? null : limits.keyLength(), limits.sender() ? "YES" : "NO", queue.size(),
                    limits.most(), limits.force() ? "YES" : "NO", limits.text()});
            }
        }
        return new Rows(rows);
    }

    private static DataQueue readable(String queue, String library) throws Refusal {
        DataQueue source = Queues.get(library, queue);
        Authority.demand(source.limits().id(), Jobs.user(), "*READ");
        return source;
    }

    /** The same bytes three ways, the key, and the sender where SENDERID(*YES) asked for it. */
    private static Object[] message(DataQueue queue, DataQueue.Entry entry) {
        boolean sender = queue.limits().sender();
        return new Object[] {new String(entry.data(), Values.JOB_CCSID), new String(entry.data(), StandardCharsets.UTF_8),
            entry.data(), entry.key().length == 0 ? null : new String(entry.key(), Values.JOB_CCSID),
            sender ? entry.job() : null, sender ? entry.user() : null};
    }

    private static byte[] bytes(String key) {
        return key == null ? new byte[0] : key.getBytes(Values.JOB_CCSID);
    }

    private static String order(String order) {
        return order == null ? "EQ" : order.trim().toUpperCase(Locale.ROOT);
    }

    private static String text(String value) {
        return value == null ? "" : value.trim();
    }
}
