package lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Names and values of one line each, in a small file of the state folder that is written whole at every change. */
final class StateFile {
    private final String name;
    private Map<String, String> values;

    StateFile(String name) {
        this.name = name;
    }

    synchronized String get(String key) {
        return all().get(key);
    }

    synchronized void put(String key, String value) {
        all().put(key, value);
        save();
    }

    synchronized void remove(String key) {
        all().remove(key);
        save();
    }

    synchronized void removeAll(String prefix) {
        all().keySet().removeIf(key -> key.startsWith(prefix));
        save();
    }

    synchronized Map<String, String> entries() {
        return new TreeMap<>(all());
    }

    private Path path() {
        return Path.of(System.getProperty("derby.system.home"), name);
    }

    private Map<String, String> all() {
        if (values == null) {
            values = new TreeMap<>();
            try {
                for (String line : Files.exists(path()) ? Files.readAllLines(path()) : List.<String>of()) {
                    int tab = line.indexOf('\t');
                    values.put(line.substring(0, tab), line.substring(tab + 1));
                }
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
        }
        return values;
    }

    private void save() {
        List<String> lines = new ArrayList<>();
        values.forEach((key, value) -> lines.add(key + "\t" + value));
        try {
            Path fresh = path().resolveSibling(name + ".new");
            Files.write(fresh, lines);
            Files.move(fresh, path(), StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }
}
