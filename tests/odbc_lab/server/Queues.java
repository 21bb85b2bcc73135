package lab;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** All data queues of the stand-in by LIBRARY/NAME, each with a file of its own; they outlive a killed process. */
final class Queues {
    private static final Map<String, DataQueue> QUEUES = new TreeMap<>();
    private static Path folder;

    private Queues() { }

    static synchronized void open(Path path) throws IOException {
        folder = path;
        Files.createDirectories(path);
        try (Stream<Path> files = Files.list(path)) {
            for (Path each : files.filter(file -> !file.toString().endsWith(".new")).toList()) {
                DataQueue queue = read(each);
                QUEUES.put(queue.limits().id(), queue);
            }
        }
    }

    static synchronized List<DataQueue> all() {
        return new ArrayList<>(QUEUES.values());
    }

    /** The queue, or CPF9801; *LIBL and no library look in QGPL only. */
    static synchronized DataQueue get(String library, String name) throws Refusal {
        DataQueue queue = QUEUES.get(id(library, name));
        if (queue == null) {
            throw Refusal.cpf("CPF9801: Object %s in library %s not found.", name.trim(), library(library));
        }
        return queue;
    }

    static synchronized void create(DataQueue.Limits limits) throws Refusal {
        if (QUEUES.containsKey(limits.id())) {
            throw Refusal.cpf("CPF9870: Object %s type *DTAQ already exists.", limits.id());
        }
        try {
            QUEUES.put(limits.id(), new DataQueue(limits, file(limits.id()), new ArrayList<>()));
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    static synchronized void delete(String library, String name) throws Refusal {
        DataQueue queue = get(library, name);
        QUEUES.remove(queue.limits().id());
        queue.delete();
    }

    static String id(String library, String name) {
        return library(library) + "/" + name.trim().toUpperCase();
    }

    private static String library(String library) {
        return library == null || library.isBlank() || library.startsWith("*") ? "QGPL" : library.trim().toUpperCase();
    }

    private static Path file(String id) {
        return folder.resolve(id.replace('/', '.'));
    }

    /** Reads a queue's file; a record that was cut off by a kill is dropped, as is what it would have changed. */
    private static DataQueue read(Path file) throws IOException {
        List<DataQueue.Entry> entries = new ArrayList<>();
        DataQueue.Limits limits;
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
            limits = DataQueue.Limits.read(in);
            while (true) {
                int change = in.read();
                if (change < 0) {
                    break;
                }
                if (change == DataQueue.CLEARED) {
                    entries.clear();
                } else if (change == DataQueue.REMOVED) {
                    long number = in.readLong();
                    entries.removeIf(each -> each.number() == number);
                } else {
                    entries.add(DataQueue.Entry.read(in));
                }
            }
        } catch (EOFException cutOff) {
            System.err.println("queues: the last change of " + file.getFileName() + " was cut off");
            limits = null;
        }
        if (limits == null) {
            try (DataInputStream in = new DataInputStream(Files.newInputStream(file))) {
                limits = DataQueue.Limits.read(in);
            }
        }
        return new DataQueue(limits, file, entries);
    }
}
