package lab;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Edits what Derby answers, one data stream structure (DSS) at a time: an SQLCA's codes become those of Db2 for i, its
 * tokens those of Db2's message, and SECCHKRM gets the reason of a refused sign-on.
 *
 * SQLCA: 00 | SQLCODE(4) SQLSTATE(5) SQLERRPROC(8) | 00 SQLERRD(24) SQLWARN(11) RDBNAME(2+n) SQLERRMSG_M(2+n) ...
 */
final class Replies {
    private static final int SECCHKRM = 0x1219, SQLCARD = 0x2408, SQLDARD = 0x2411, QRYDTA = 0x241B, SECCHKCD = 0x11A4;
    private static final int WRONG_PASSWORD = 0x0F;
    /** Derby's product id, which stands in every SQLCA behind code and state. */
    private static final byte[] SERVER = "CSS10140".getBytes(StandardCharsets.US_ASCII);
    private static final int MOST_TOKENS = 70;
    private static final char DERBY_SEPARATOR = 0x14, SEPARATOR = 0xFF;

    private final Session session;

    Replies(Session session) {
        this.session = session;
    }

    /** A DSS is LL D0 format correlation(2), then objects, each LL code point(2) data. */
    byte[] edited(byte[] dss) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(dss, 0, 6);
        for (int at = 6; at < dss.length; ) {
            int length = at + 4 <= dss.length ? Bytes.get2(dss, at) : 0;
            if (length < 4 || at + length > dss.length) {
                return dss; // no plain objects: nothing to edit
            }
            byte[] object = object(Arrays.copyOfRange(dss, at, at + length));
            Bytes.put2(object, 0, object.length);
            out.write(object, 0, object.length);
            at += length;
        }
        byte[] result = out.toByteArray();
        Bytes.put2(result, 0, result.length);
        return result;
    }

    private byte[] object(byte[] object) {
        return switch (Bytes.get2(object, 2)) {
            case SECCHKRM -> refusal(object);
            case SQLCARD, SQLDARD -> object.length > 14 && object[4] == 0 ? sqlca(object, 5) : object;
            case QRYDTA -> fetched(object);
            default -> object;
        };
    }

    /** Derby knows one reason, 0F; the profile's state has better ones, which the driver prints in SQL30082N. */
    private byte[] refusal(byte[] object) {
        for (int at = 4; at + 5 <= object.length; at += Math.max(4, Bytes.get2(object, at))) {
            if (Bytes.get2(object, at + 2) == SECCHKCD && object[at + 4] != 0) {
                object[at + 4] = (byte) Profiles.securityCode(session.profile, WRONG_PASSWORD);
            }
        }
        return object;
    }

    /** An error while rows are fetched stands behind the rows that came before it. */
    private byte[] fetched(byte[] object) {
        for (int at = object.length - SERVER.length; at >= 14; at--) {
            if (object[at - 10] == 0 && object[at - 9] < 0
                    && Arrays.equals(object, at, at + SERVER.length, SERVER, 0, SERVER.length)) {
                return sqlca(object, at - 9);
            }
        }
        return object;
    }

    private byte[] sqlca(byte[] object, int code) {
        if (object[code] >= 0) {
            return warning(object, code); // 02000, 01xxx: the code stays, but the words may be too long
        }
        String derby = new String(object, code + 4, 5, StandardCharsets.US_ASCII);
        String words = session.words();
        boolean nested = derby.equals(Refusal.NESTED) && words.length() >= 5;
        String state = nested ? words.substring(0, 5) : derby;
        SqlErrors.Db2 db2 = SqlErrors.db2(state, nested);
        if (db2 != null) {
            Bytes.put4(object, code, db2.code());
            System.arraycopy(db2.state().getBytes(StandardCharsets.US_ASCII), 0, object, code + 4, 5);
        }
        int database = code + 53;
        if (object.length < database + 4 || object[code + 17] != 0) {
            return object;
        }
        int at = database + 2 + Bytes.get2(object, database);
        int end = at + 2 + Bytes.get2(object, at);
        if (end > object.length) {
            return object;
        }
        String told = new String(object, at + 2, end - at - 2, StandardCharsets.UTF_8);
        String derbys = nested ? words.substring(Math.min(6, words.length()))
            : told.substring(0, Math.max(told.lastIndexOf(DERBY_SEPARATOR), 0)).replace(DERBY_SEPARATOR, SEPARATOR);
        return withTokens(object, at, end, SqlErrors.tokens(state, derbys, words));
    }

    private static byte[] warning(byte[] object, int code) {
        int database = code + 53;
        if (object.length < database + 4 || object[code + 17] != 0) {
            return object;
        }
        int at = database + 2 + Bytes.get2(object, database);
        int end = at + 2 + Bytes.get2(object, at);
        return end > object.length ? object : withTokens(object, at, end, new byte[0]);
    }

    /** At most 70 bytes or the client breaks off (58009), X'FF' between them, no Derby message id at the end. */
    private static byte[] withTokens(byte[] object, int at, int end, byte[] tokens) {
        int keep = Math.min(tokens.length, MOST_TOKENS);
        while (keep > 0 && keep < tokens.length && (tokens[keep] & 0xC0) == 0x80) {
            keep--; // not inside a UTF-8 character
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(object, 0, at);
        out.write(keep >> 8);
        out.write(keep);
        out.write(tokens, 0, keep);
        out.write(object, end, object.length - end);
        return out.toByteArray();
    }
}
