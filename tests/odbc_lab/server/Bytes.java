package lab;

/** Big-endian numbers in byte arrays, as DRDA has them. */
final class Bytes {
    private Bytes() { }

    static int get2(byte[] data, int at) {
        return (data[at] & 0xff) << 8 | data[at + 1] & 0xff;
    }

    static void put2(byte[] data, int at, int value) {
        data[at] = (byte) (value >> 8);
        data[at + 1] = (byte) value;
    }

    static int get4(byte[] data, int at) {
        return get2(data, at) << 16 | get2(data, at + 2);
    }

    static void put4(byte[] data, int at, int value) {
        put2(data, at, value >> 16);
        put2(data, at + 2, value);
    }

    /** Writes the lengths of a DSS with one object in it anew, after its size changed. */
    static byte[] resized(byte[] dss) {
        put2(dss, 0, dss.length);
        put2(dss, 6, dss.length - 6);
        return dss;
    }
}
