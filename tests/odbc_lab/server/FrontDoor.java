package lab;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import jdk.net.ExtendedSocketOptions;

/**
 * A relay that knows DRDA, between any DRDA client and Derby's network server in the same process.
 *
 * Derby since 10.9.1 answers its own client only (https://issues.apache.org/jira/browse/DERBY-5565) and speaks its own
 * SQL; what differs is mended on the way: {@link Requests} and {@link Replies}. DRDA's data stream structures (DSS) are
 * described in The Open Group's "DRDA, Version 5, Volume 3" (document C114).
 */
final class FrontDoor {
    private static final int BUFFER = 65536;

    private final ServerSocket door;
    private final InetAddress address;
    private final int inner;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private boolean restricted;

    FrontDoor(InetAddress address, int port, int inner) throws IOException {
        this.address = address;
        this.inner = inner;
        door = new ServerSocket(port, 50, address);
    }

    int port() {
        return door.getLocalPort();
    }

    /** How many client connections are open. */
    int connections() {
        return open.size() / 2;
    }

    void start() {
        Thread accepting = new Thread(this::accept, "front door");
        accepting.setDaemon(false);
        accepting.start();
    }

    /** Restricted state, as ENDSBS makes it: every connection ends at once and none begins until it is released. */
    synchronized void restrict(boolean on) {
        restricted = on;
        if (on) {
            open.forEach(FrontDoor::close);
            open.clear();
        }
    }

    private void accept() {
        while (true) {
            try {
                admit(door.accept());
            } catch (IOException error) {
                System.err.println("front door: " + error);
            }
        }
    }

    private synchronized void admit(Socket client) throws IOException {
        if (restricted) {
            close(client);
            return;
        }
        Socket server = new Socket(address, inner);
        client.setTcpNoDelay(true);
        server.setTcpNoDelay(true);
        open.add(client);
        open.add(server);
        Session session = new Session(server.getLocalPort());
        carry(client, server, new Requests(session)::edited);
        carry(server, client, new Replies(session)::edited);
    }

    private void carry(Socket from, Socket to, UnaryOperator<byte[]> edit) {
        Thread carrier = new Thread(() -> {
            try {
                pump(from, to, edit);
            } catch (IOException over) {
                // one end has closed; so does the other, below
            } catch (RuntimeException bug) {
                bug.printStackTrace();
            } finally {
                close(from);
                close(to);
                open.remove(from);
                open.remove(to);
            }
        });
        carrier.setDaemon(true);
        carrier.start();
    }

    /** Carries whole DSSs; one that is continued (high bit of its length) is too long to edit and passes as it is. */
    private static void pump(Socket from, Socket to, UnaryOperator<byte[]> edit) throws IOException {
        DataInputStream in = new DataInputStream(new BufferedInputStream(from.getInputStream(), BUFFER));
        BufferedOutputStream out = new BufferedOutputStream(to.getOutputStream(), BUFFER);
        boolean continued = false;
        while (true) {
            acknowledge(from, in);
            int head = in.readUnsignedShort();
            acknowledge(from, in);
            byte[] dss = new byte[head & 0x7fff];
            Bytes.put2(dss, 0, head);
            in.readFully(dss, 2, dss.length - 2);
            boolean more = (head & 0x8000) != 0;
            if (!continued && !more) {
                dss = edit.apply(dss);
            }
            continued = more;
            out.write(dss);
            if (in.available() == 0) {
                out.flush();
            }
        }
    }

    /** Derby's side leaves Nagle's algorithm on: without an immediate ACK each large value costs 40 ms (measured). */
    private static void acknowledge(Socket from, DataInputStream in) throws IOException {
        if (in.available() == 0) {
            from.setOption(ExtendedSocketOptions.TCP_QUICKACK, true);
        }
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException already) {
            return;
        }
    }
}
