package lab;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Turns UTF-16 parameters into UTF-8 ones: pyodbc binds a str as SQL_WVARCHAR, which IBM's driver sends as VARGRAPHIC, and
 * Derby has no graphic types.
 *
 * SQLDTA is LL 2412 | LL 0010 {n 76 D0 (type, length)*}+ ... | LL 147A 00 {indicator where nullable, value}*; the types are
 * FD:OCA's (The Open Group, "DRDA, Version 5, Volume 1", document C112, chapter 5).
 */
final class Graphic {
    private static final int DESCRIPTION = 0x0010, DATA = 0x147A, GROUP = 0x76;
    private static final int GRAPHIC = 0x36, LONG_GRAPHIC = 0x3A, MIXED = 0x3E;
    private static final int START = 10, LONGEST = 32767;

    /** One parameter: its FD:OCA type (odd where nullable), its length field and where both stand. */
    private record Parameter(int type, int length, int at) {
        boolean nullable() {
            return (type & 1) == 1;
        }

        int base() {
            return type & ~1;
        }

        boolean graphic() {
            return base() >= GRAPHIC && base() <= LONG_GRAPHIC;
        }
    }

    private Graphic() { }

    static byte[] asText(byte[] dss) {
        int data = START + Bytes.get2(dss, START);
        if (Bytes.get2(dss, START + 2) != DESCRIPTION || data + 5 > dss.length || Bytes.get2(dss, data + 2) != DATA) {
            return dss;
        }
        List<Parameter> parameters = described(dss, data);
        if (parameters.stream().noneMatch(Parameter::graphic)) {
            return dss;
        }
        byte[] result = values(dss, data, parameters);
        if (result == null || result.length > LONGEST) {
            return dss;
        }
        for (Parameter each : parameters) {
            if (each.graphic()) {
                result[each.at] = (byte) (MIXED | each.type & 1);
                Bytes.put2(result, each.at + 1, 32700);
            }
        }
        Bytes.put2(result, data, result.length - data);
        return Bytes.resized(result);
    }

    private static List<Parameter> described(byte[] dss, int end) {
        List<Parameter> found = new ArrayList<>();
        for (int group = START + 4; group + 3 <= end && (dss[group + 1] & 0xff) == GROUP; group += dss[group] & 0xff) {
            int groupEnd = group + (dss[group] & 0xff);
            for (int at = group + 3; at + 3 <= groupEnd; at += 3) {
                found.add(new Parameter(dss[at] & 0xff, Bytes.get2(dss, at + 1), at));
            }
        }
        return found;
    }

    /** The DSS with its graphic values re-coded, or null where the data does not end where the description says. */
    private static byte[] values(byte[] dss, int data, List<Parameter> parameters) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(dss, 0, data + 5);
        int at = data + 5;
        for (Parameter each : parameters) {
            if (each.nullable()) {
                out.write(dss[at]);
                if (dss[at++] < 0) {
                    continue; // X'FF': null, no value follows
                }
            }
            int size = size(dss, at, each);
            if (each.graphic()) {
                int head = each.base() == GRAPHIC ? 0 : 2;
                String text = new String(dss, at + head, size - head, StandardCharsets.UTF_16BE);
                byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
                out.write(utf8.length >> 8);
                out.write(utf8.length);
                out.write(utf8, 0, utf8.length);
            } else {
                out.write(dss, at, size);
            }
            at += size;
        }
        return at == dss.length ? out.toByteArray() : null;
    }

    private static int size(byte[] dss, int at, Parameter parameter) {
        int length = parameter.length;
        return switch (parameter.base()) {
            case 0x02, 0x0C -> 4;                                                     // INTEGER, REAL
            case 0x04 -> 2;                                                           // SMALLINT
            case 0x0A, 0x16 -> 8;                                                     // DOUBLE, BIGINT
            case 0x0E -> (length >> 8) / 2 + 1;                                       // packed DECIMAL
            case 0x28, 0x2A, 0x32, 0x34, 0x3E, 0x40 -> 2 + Bytes.get2(dss, at);       // varying bytes and text
            case 0x38, 0x3A -> 2 + 2 * Bytes.get2(dss, at);                           // varying graphic
            case 0x36 -> 2 * length;                                                  // fixed graphic
            default -> length & 0x7fff;                                               // dates, CHAR, fixed bytes, LOB length
        };
    }
}
