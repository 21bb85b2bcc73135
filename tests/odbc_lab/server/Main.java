package lab;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.apache.derby.drda.NetworkServerControl;

/**
 * The stand-in Db2 for i of the ODBC lab: Apache Derby in this process, its DRDA server on a private loopback port, and
 * a front door that IBM's CLI ODBC driver can talk to.
 *
 * Usage: java lab.Main PORT STATE-FOLDER SCRIPT...   (PORT 0 takes a free one; the scripts make a new database)
 *
 * The first line on standard output is "ready PORT". With -Dlab.control=stdin it obeys lines on standard input, each
 * answered by one line: "restrict" (drop every connection and refuse new ones), "release", "connections"; end of input
 * ends the process, so that a test run that dies leaves nothing behind. Errors go to standard error.
 */
public final class Main {
    static final String DATABASE = "IBMI";
    /** The security officer owns the database; its password comes from the environment, never from the command line. */
    static final String OFFICER = "QSECOFR";

    private Main() { }

    public static void main(String[] args) throws Exception {
        int port = Integer.parseInt(args[0]);
        Path state = Path.of(args[1]);
        Files.createDirectories(state);
        configure(state);
        String password = System.getenv().getOrDefault("TOWLINE_LAB_PASSWORD", "officer1");
        Profiles.open(state.resolve("profiles"), OFFICER, password);
        Queues.open(state.resolve("queues"));
        createDatabase(state, password, List.of(args).subList(2, args.length));
        InetAddress loopback = InetAddress.getByName("127.0.0.1");
        int inner = freePort(loopback);
        NetworkServerControl derby = new NetworkServerControl(loopback, inner, OFFICER, password);
        derby.start(new PrintWriter(System.err, true));
        awaitAnswer(derby);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(derby)));
        FrontDoor door = new FrontDoor(loopback, port, inner);
        door.start();
        System.out.println("ready " + door.port());
        if ("stdin".equals(System.getProperty("lab.control"))) {
            obey(door);
            System.exit(0);
        }
    }

    /** Derby's own settings: https://db.apache.org/derby/docs/10.14/ref/crefproper22250.html */
    private static void configure(Path state) {
        System.setProperty("derby.system.home", state.toString());
        System.setProperty("derby.stream.error.file", state.resolve("derby.log").toString());
        System.setProperty("derby.connection.requireAuthentication", "true");
        System.setProperty("derby.authentication.provider", "lab.Profiles");
        System.setProperty("derby.database.sqlAuthorization", "true");
        System.setProperty("derby.locks.waitTimeout", System.getProperty("lab.lockwait", "3"));
        System.setProperty("derby.locks.deadlockTimeout", System.getProperty("lab.deadlock", "2"));
    }

    private static void createDatabase(Path state, String password, List<String> scripts) throws Exception {
        boolean fresh = !Files.exists(state.resolve("complete"));
        String url = "jdbc:derby:" + DATABASE + (fresh ? ";create=true" : "");
        try (Connection connection = DriverManager.getConnection(url, OFFICER, password)) {
            if (!fresh) {
                return;
            }
            for (String script : scripts) {
                for (String statement : SqlText.statements(Files.readString(Path.of(script)))) {
                    execute(connection, statement);
                }
            }
        }
        Files.createFile(state.resolve("complete"));
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException error) {
            throw new SQLException(sql + "\n" + error.getMessage(), error.getSQLState(), error);
        }
    }

    private static int freePort(InetAddress address) throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, address)) {
            return socket.getLocalPort();
        }
    }

    private static void awaitAnswer(NetworkServerControl derby) throws Exception {
        for (int tries = 1; ; tries++) {
            try {
                derby.ping();
                return;
            } catch (Exception notYet) {
                if (tries == 200) {
                    throw notYet;
                }
                Thread.sleep(20);
            }
        }
    }

    private static void stop(NetworkServerControl derby) {
        try {
            derby.shutdown();
            DriverManager.getConnection("jdbc:derby:;shutdown=true", OFFICER, Profiles.officerPassword()).close();
        } catch (Exception expected) {
            return; // Derby says goodbye with an exception (XJ015)
        }
    }

    private static void obey(FrontDoor door) throws IOException {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            switch (line.trim()) {
                case "restrict" -> door.restrict(true);
                case "release" -> door.restrict(false);
                case "connections" -> { }
                default -> {
                    System.out.println("unknown " + line);
                    continue;
                }
            }
            System.out.println("ok " + door.connections());
        }
    }
}
