package lab;

import java.lang.reflect.Field;
import java.net.Socket;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** What both directions of one connection know of it, and what the routines it runs left for it. */
final class Session {
    /** Last words of a failed routine by the local port of the front door's socket to Derby. */
    private static final Map<Integer, String> WORDS = new ConcurrentHashMap<>();

    private final int port;
    /** The profile that signs on, in upper case; empty before. */
    volatile String profile = "";

    Session(int port) {
        this.port = port;
    }

    /** The words of the routine that failed last on this connection, once; empty when there are none. */
    String words() {
        String words = WORDS.remove(port);
        return words == null ? "" : words;
    }

    /** Called in a routine: leaves words for the connection that runs it. */
    static void say(String words) {
        int port = currentPort();
        if (port != 0) {
            WORDS.put(port, words);
        }
    }

    /** Derby's thread knows its session, and that its socket; none of it is public. 0 outside such a thread. */
    private static int currentPort() {
        Thread thread = Thread.currentThread();
        try {
            Object session = field(thread, "session");
            return session == null ? 0 : ((Socket) field(session, "clientSocket")).getPort();
        } catch (ReflectiveOperationException notDerbys) {
            return 0;
        }
    }

    private static Object field(Object object, String name) throws ReflectiveOperationException {
        Field found = object.getClass().getDeclaredField(name);
        found.setAccessible(true);
        return found.get(object);
    }
}
