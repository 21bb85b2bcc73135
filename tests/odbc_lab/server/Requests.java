package lab;

import java.io.ByteArrayOutputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Edits what the client sends, one data stream structure (DSS) at a time.
 *
 * EXCSAT, ACCRDB: the client's product id becomes that of Derby's own client 10.1, the plainest DRDA Derby speaks
 * (26-character timestamps, nothing piggy-backed). ACCRDB: TRGDFTRT becomes 0, since Derby nests its answer where IBM's
 * driver can't parse it. DSCSQLSTT: QRYINSID is unknown to Derby. SQLDTA: see {@link Graphic}. SQLSTT: the text goes
 * through {@link Dialect}. SECCHK: the profile's name is noted, for the reason of a refusal.
 */
final class Requests {
    private static final Charset EBCDIC = Charset.forName("IBM500");
    private static final String CLIENT = "DNC10010";
    private static final int EXCSAT = 0x1041, SECCHK = 0x106E, ACCRDB = 0x2001, DSCSQLSTT = 0x2008;
    private static final int SQLDTA = 0x2412, SQLSTT = 0x2414;
    private static final int USRID = 0x11A0, TRGDFTRT = 0x213B, QRYINSID = 0x215B;
    private static final int LONGEST = 32767;

    private final Session session;

    Requests(Session session) {
        this.session = session;
    }

    byte[] edited(byte[] dss) {
        if (dss.length < 10) {
            return dss;
        }
        return switch (Bytes.get2(dss, 8)) {
            case EXCSAT, ACCRDB -> asDerbyClient(dss);
            case SECCHK -> noteProfile(dss);
            case DSCSQLSTT -> without(dss, QRYINSID);
            case SQLSTT -> statement(dss);
            case SQLDTA -> Graphic.asText(dss);
            default -> dss;
        };
    }

    private static byte[] asDerbyClient(byte[] dss) {
        for (Charset code : List.of(EBCDIC, StandardCharsets.US_ASCII)) {
            byte[] client = CLIENT.getBytes(code);
            for (int at = 10; at + 8 <= dss.length; at++) {
                if (isProductId(new String(dss, at, 8, code))) {
                    System.arraycopy(client, 0, dss, at, 8);
                }
            }
        }
        for (int at = 10; at + 5 <= dss.length; at++) {
            if (Bytes.get2(dss, at) == 5 && Bytes.get2(dss, at + 2) == TRGDFTRT) {
                dss[at + 4] = (byte) 0xF0;
            }
        }
        return dss;
    }

    private static boolean isProductId(String text) {
        return text.startsWith("SQL") && text.substring(3).chars().allMatch(each -> each >= '0' && each <= '9');
    }

    private byte[] noteProfile(byte[] dss) {
        for (int at = 10; at + 4 <= dss.length; at += Math.max(4, Bytes.get2(dss, at))) {
            if (Bytes.get2(dss, at + 2) == USRID) {
                Charset code = dss[at + 4] >= 0 ? StandardCharsets.US_ASCII : EBCDIC; // EBCDIC letters are above X'80'
                session.profile = new String(dss, at + 4, Bytes.get2(dss, at) - 4, code).trim().toUpperCase();
            }
        }
        return dss;
    }

    /** The same DSS without one parameter of its object. */
    private static byte[] without(byte[] dss, int codePoint) {
        ByteArrayOutputStream kept = new ByteArrayOutputStream();
        kept.write(dss, 0, 10);
        for (int at = 10; at + 4 <= dss.length; ) {
            int length = Math.max(4, Bytes.get2(dss, at));
            if (Bytes.get2(dss, at + 2) != codePoint) {
                kept.write(dss, at, length);
            }
            at += length;
        }
        return Bytes.resized(kept.toByteArray());
    }

    /** LL 2414, then the text as a nullable mixed string (00, length, bytes) followed or preceded by an absent one. */
    private static byte[] statement(byte[] dss) {
        int at = dss[10] == 0 ? 10 : 11;
        if (at + 5 > dss.length || dss[at] != 0) {
            return dss;
        }
        int length = Bytes.get4(dss, at + 1);
        int rest = at + 5 + length;
        if (rest > dss.length) {
            return dss;
        }
        String text = new String(dss, at + 5, length, StandardCharsets.UTF_8);
        byte[] derby = Dialect.derby(text).getBytes(StandardCharsets.UTF_8);
        byte[] result = new byte[dss.length - length + derby.length];
        if (result.length > LONGEST) {
            return dss;
        }
        System.arraycopy(dss, 0, result, 0, at + 1);
        Bytes.put4(result, at + 1, derby.length);
        System.arraycopy(derby, 0, result, at + 5, derby.length);
        System.arraycopy(dss, rest, result, at + 5 + derby.length, dss.length - rest);
        return Bytes.resized(result);
    }
}
