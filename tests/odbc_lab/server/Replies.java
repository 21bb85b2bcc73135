package lab;

import java.nio.charset.StandardCharsets;

/**
 * Edits what Derby answers, one data stream structure at a time: SQLCARD and SQLDARD carry an SQLCA, whose codes become
 * those of Db2 for i; SECCHKRM carries the reason of a refused sign-on.
 */
final class Replies {
    private static final int SECCHKRM = 0x1219, SQLCARD = 0x2408, SQLDARD = 0x2411, SECCHKCD = 0x11A4;
    private static final int WRONG_PASSWORD = 0x0F;
    private static final int CODE = 11, STATE = 15, PROCEDURE_NULL = 28, DATABASE = 64;
    private static final int MOST_TOKENS = 70;
    private static final byte DERBY_SEPARATOR = 0x14, SEPARATOR = (byte) 0xFF;

    private final Session session;

    Replies(Session session) {
        this.session = session;
    }

    byte[] edited(byte[] dss) {
        if (dss.length < 20) {
            return dss;
        }
        int object = Bytes.get2(dss, 8);
        if (object == SECCHKRM) {
            return refusal(dss);
        }
        boolean hasSqlca = (object == SQLCARD || object == SQLDARD) && dss[10] == 0;
        return hasSqlca ? sqlca(dss) : dss;
    }

    /** Derby knows one reason, 0F; the profile's state has better ones, which the driver prints in SQL30082N. */
    private byte[] refusal(byte[] dss) {
        for (int at = 10; at + 5 <= dss.length; at += Math.max(4, Bytes.get2(dss, at))) {
            if (Bytes.get2(dss, at + 2) == SECCHKCD && dss[at + 4] != 0) {
                dss[at + 4] = (byte) Profiles.securityCode(session.profile, WRONG_PASSWORD);
            }
        }
        return dss;
    }

    /** 00 | SQLCODE(4) SQLSTATE(5) SQLERRPROC(8) | 00 SQLERRD(24) SQLWARN(11) RDBNAME(2+n) SQLERRMSG_M(2+n) ... */
    private static byte[] sqlca(byte[] dss) {
        if (dss[CODE] < 0) {
            String state = new String(dss, STATE, 5, StandardCharsets.US_ASCII);
            SqlErrors.Db2 db2 = SqlErrors.db2(state);
            if (db2 != null) {
                Bytes.put4(dss, CODE, db2.code());
                System.arraycopy(db2.state().getBytes(StandardCharsets.US_ASCII), 0, dss, STATE, 5);
            }
        }
        if (dss.length < DATABASE + 4 || dss[PROCEDURE_NULL] != 0) {
            return dss;
        }
        int at = DATABASE + 2 + Bytes.get2(dss, DATABASE);
        return tokens(dss, at);
    }

    /** Message tokens: at most 70 bytes or the client breaks off (58009), X'FF' between them, no Derby message id. */
    private static byte[] tokens(byte[] dss, int at) {
        int length = Bytes.get2(dss, at);
        int start = at + 2;
        int end = start + length;
        if (length == 0 || end > dss.length) {
            return dss;
        }
        int keep = length;
        for (int each = end - 1; each >= start; each--) {
            if (dss[each] == DERBY_SEPARATOR) {
                keep = each - start;
                break;
            }
        }
        keep = Math.min(keep, MOST_TOKENS);
        while (keep > 0 && keep < length && (dss[start + keep] & 0xC0) == 0x80) {
            keep--; // not inside a UTF-8 character
        }
        for (int each = start; each < start + keep; each++) {
            if (dss[each] == DERBY_SEPARATOR) {
                dss[each] = SEPARATOR;
            }
        }
        byte[] result = new byte[dss.length - (length - keep)];
        System.arraycopy(dss, 0, result, 0, start + keep);
        System.arraycopy(dss, end, result, start + keep, dss.length - end);
        Bytes.put2(result, at, keep);
        return Bytes.resized(result);
    }
}
