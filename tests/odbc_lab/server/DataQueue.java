package lab;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * One data queue: its entries in memory, and a file with its limits and every change since it was written last.
 *
 * Sending and receiving are not under commitment control. What CRTDTAQ limits:
 * http://www.ibm.com/support/knowledgecenter/ssw_ibm_i_73/cl/crtdtaq.htm ; the message ids are general knowledge.
 */
final class DataQueue {
    static final int CLEARED = 0, ADDED = 1, REMOVED = 2;
    /** Changes after which the file is written anew. */
    private static final int COMPACT = 20000;

    /** What CRTDTAQ said; keyLength is 0 unless keyed, most is SIZE. */
    record Limits(String id, int maxLength, String sequence, int keyLength, int most, boolean force, boolean sender,
                  String text) {
        void write(DataOutputStream out) throws IOException {
            out.writeUTF(id);
            out.writeInt(maxLength);
            out.writeUTF(sequence);
            out.writeInt(keyLength);
            out.writeInt(most);
            out.writeBoolean(force);
            out.writeBoolean(sender);
            out.writeUTF(text);
        }

        static Limits read(DataInputStream in) throws IOException {
            return new Limits(in.readUTF(), in.readInt(), in.readUTF(), in.readInt(), in.readInt(), in.readBoolean(),
                in.readBoolean(), in.readUTF());
        }
    }

    /** One entry; sentAt in milliseconds since 1970. */
    record Entry(long number, byte[] key, byte[] data, long sentAt, String job, String user) {
        void write(DataOutputStream out) throws IOException {
            out.writeLong(number);
            out.writeInt(key.length);
            out.write(key);
            out.writeInt(data.length);
            out.write(data);
            out.writeLong(sentAt);
            out.writeUTF(job);
            out.writeUTF(user);
        }

        static Entry read(DataInputStream in) throws IOException {
            long number = in.readLong();
            byte[] key = new byte[in.readInt()];
            in.readFully(key);
            byte[] data = new byte[in.readInt()];
            in.readFully(data);
            return new Entry(number, key, data, in.readLong(), in.readUTF(), in.readUTF());
        }
    }

    private final Limits limits;
    private final Path file;
    private final List<Entry> entries;
    private OutputStream log;
    private int changes;
    private long last;
    private boolean deleted;

    DataQueue(Limits limits, Path file, List<Entry> entries) throws IOException {
        this.limits = limits;
        this.file = file;
        this.entries = new ArrayList<>(entries);
        last = entries.stream().mapToLong(Entry::number).max().orElse(0);
        compact();
    }

    Limits limits() {
        return limits;
    }

    synchronized int size() {
        return entries.size();
    }

    /** Entries in queue order: oldest first, newest first, or ascending by key with equal keys oldest first. */
    synchronized List<Entry> entries() {
        List<Entry> ordered = new ArrayList<>(entries);
        if (limits.sequence.equals("LIFO")) {
            ordered.sort(Comparator.comparingLong(Entry::number).reversed());
        } else if (limits.sequence.equals("KEYED")) {
            ordered.sort((one, other) -> Arrays.compareUnsigned(one.key, other.key));
        }
        return ordered;
    }

    synchronized void send(byte[] key, byte[] data, String job, String user) throws Refusal {
        if (key.length != limits.keyLength) {
            throw Refusal.cpf("CPF9506: a key of %d bytes for %s, whose KEYLEN is %d.", key.length, limits.id,
                limits.keyLength);
        }
        if (data.length > limits.maxLength) {
            throw Refusal.cpf("CPF2498: an entry of %d bytes is longer than MAXLEN %d of %s.", data.length,
                limits.maxLength, limits.id);
        }
        if (entries.size() >= limits.most) {
            throw Refusal.cpf("CPF950A: data queue %s is full with %d entries.", limits.id, limits.most);
        }
        Entry entry = new Entry(++last, key, data, System.currentTimeMillis(), job, user);
        entries.add(entry);
        write(ADDED, entry);
        notifyAll();
    }

    /** Waits up to so many seconds (negative: for ever) for an entry that fits; removes it if told; null when none came. */
    synchronized Entry receive(byte[] key, String order, boolean remove, double seconds) throws Refusal {
        long until = System.nanoTime() + (long) (seconds * 1e9);
        while (true) {
            if (deleted) {
                throw Refusal.cpf("CPF9801: Object %s not found.", limits.id);
            }
            Entry entry = first(key, order);
            if (entry != null) {
                if (remove) {
                    entries.remove(entry);
                    write(REMOVED, entry);
                }
                return entry;
            }
            long left = seconds < 0 ? 1000 : (until - System.nanoTime() + 999_999) / 1_000_000;
            if (left <= 0) {
                return null;
            }
            try {
                wait(left);
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
                throw Refusal.cpf("CPF9503: the job ended while it waited for %s.", limits.id);
            }
        }
    }

    private Entry first(byte[] key, String order) {
        for (Entry each : entries()) {
            if (limits.keyLength == 0 || matches(Arrays.compareUnsigned(each.key, key), order)) {
                return each;
            }
        }
        return null;
    }

    static boolean matches(int comparison, String order) {
        return switch (order) {
            case "EQ" -> comparison == 0;
            case "NE" -> comparison != 0;
            case "GE" -> comparison >= 0;
            case "GT" -> comparison > 0;
            case "LE" -> comparison <= 0;
            case "LT" -> comparison < 0;
            default -> false;
        };
    }

    synchronized void clear() {
        entries.clear();
        write(CLEARED, null);
    }

    synchronized void delete() {
        deleted = true;
        notifyAll();
        try {
            log.close();
            Files.deleteIfExists(file);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    private void write(int change, Entry entry) {
        try {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            DataOutputStream out = new DataOutputStream(bytes);
            out.writeByte(change);
            if (change == ADDED) {
                entry.write(out);
            } else if (change == REMOVED) {
                out.writeLong(entry.number);
            }
            log.write(bytes.toByteArray());
            if (++changes > COMPACT) {
                compact();
            }
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    private void compact() throws IOException {
        Path fresh = file.resolveSibling(file.getFileName() + ".new");
        try (DataOutputStream out = new DataOutputStream(new java.io.BufferedOutputStream(Files.newOutputStream(fresh)))) {
            limits.write(out);
            for (Entry each : entries) {
                out.writeByte(ADDED);
                each.write(out);
            }
        }
        if (log != null) {
            log.close();
        }
        Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        log = Files.newOutputStream(file, StandardOpenOption.APPEND);
        changes = 0;
    }
}
