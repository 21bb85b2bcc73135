package lab;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.sql.Timestamp;
import java.time.OffsetDateTime;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;

/** The functions behind {@link Formats} and the special registers; null in, null out. */
public final class Values {
    /** The CCSID of the stand-in's jobs: 37. */
    static final Charset JOB_CCSID = Charset.forName("IBM037");
    private static final HexFormat HEX = HexFormat.of().withUpperCase();
    private static final DateTimeFormatter ISO = DateTimeFormatter.ofPattern("yyyy-MM-dd-HH.mm.ss.");

    private Values() { }

    public static String server() {
        return Main.DATABASE;
    }

    /** CURRENT TIMEZONE: hours and minutes east of UTC as DECIMAL(6,0), hhmmss. */
    public static BigDecimal timezone() {
        int seconds = OffsetDateTime.now().getOffset().getTotalSeconds();
        return BigDecimal.valueOf(seconds / 3600 * 10000L + seconds / 60 % 60 * 100L);
    }

    /** All digits of the absolute value without a decimal point, leading zeros included. */
    public static String digits(BigDecimal value, int precision, int scale) {
        if (value == null) {
            return null;
        }
        String text = value.setScale(scale, RoundingMode.DOWN).unscaledValue().abs().toString();
        return "0".repeat(Math.max(0, precision - text.length())) + text;
    }

    /** Packed decimal: two digits a byte, the sign in the last nibble, F for plus and D for minus. */
    public static String hexPacked(BigDecimal value, int precision, int scale) {
        String digits = digits(value, precision, scale);
        return digits == null ? null : (precision % 2 == 0 ? "0" : "") + digits + (value.signum() < 0 ? "D" : "F");
    }

    /** Zoned decimal: zone F and a digit in each byte, the sign in the zone of the last one. */
    public static String hexZoned(BigDecimal value, int precision, int scale) {
        String digits = digits(value, precision, scale);
        if (digits == null) {
            return null;
        }
        String zoned = digits.replaceAll("(.)", "F$1");
        return value.signum() < 0 ? zoned.substring(0, zoned.length() - 2) + "D" + zoned.charAt(zoned.length() - 1) : zoned;
    }

    public static String hexBinary(BigDecimal value, int bytes) {
        if (value == null) {
            return null;
        }
        byte[] all = ByteBuffer.allocate(8).putLong(value.longValue()).array();
        return HEX.formatHex(all, 8 - bytes, 8);
    }

    public static String hexText(String value) {
        return value == null ? null : HEX.formatHex(value.getBytes(JOB_CCSID));
    }

    public static String hexBytes(byte[] value) {
        return value == null ? null : HEX.formatHex(value);
    }

    /** A number as Db2 for i writes it with CHAR: no padding, no leading zeros. */
    public static String numberChar(BigDecimal value) {
        return value == null ? null : value.stripTrailingZeros().scale() <= 0 ? value.setScale(0).toPlainString()
            : value.stripTrailingZeros().toPlainString();
    }

    /** A timestamp in Db2's own format, 26 characters: 2026-11-23-09.15.30.123456. */
    public static String timestampChar(Timestamp value) {
        return value == null ? null : ISO.format(value.toLocalDateTime()) + "%06d".formatted(value.getNanos() / 1000);
    }

    /** The parts of a Derby type's text, e.g. DECIMAL(9,2) NOT NULL, for the catalog views. */
    public static String typeName(String type) {
        String name = type.replaceAll("\\(.*?\\)", "").replace(" NOT NULL", "").trim();
        return switch (name) {
            case "VARCHAR FOR BIT DATA" -> "VARBIN";
            case "CHAR FOR BIT DATA" -> "BINARY";
            case "TIMESTAMP" -> "TIMESTMP";
            default -> name;
        };
    }

    /** Length in characters or bytes, or precision of a number. */
    public static int typeLength(String type) {
        String inside = type.replaceAll("^[^(]*\\(?([0-9]*).*$", "$1");
        if (!inside.isEmpty()) {
            return Integer.parseInt(inside);
        }
        return switch (typeName(type)) {
            case "SMALLINT" -> 2;
            case "INTEGER", "DATE" -> 4;
            case "BIGINT", "DOUBLE" -> 8;
            case "TIME" -> 3;
            case "TIMESTMP" -> 10;
            default -> 0;
        };
    }

    public static Integer typeScale(String type) {
        String name = typeName(type);
        if (name.equals("DECIMAL") || name.equals("NUMERIC")) {
            return Integer.valueOf(type.replaceAll("^.*,([0-9]+)\\).*$", "$1"));
        }
        return name.endsWith("INT") || name.equals("INTEGER") ? 0 : null;
    }
}
