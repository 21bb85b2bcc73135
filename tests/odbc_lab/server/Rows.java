package lab;

import java.math.BigDecimal;
import java.sql.Blob;
import java.sql.Clob;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.util.Iterator;
import java.util.List;
import javax.sql.rowset.serial.SerialBlob;
import javax.sql.rowset.serial.SerialClob;
import org.apache.derby.vti.VTITemplate;

/** The result of a table function: rows of objects, in the order of its columns. */
final class Rows extends VTITemplate {
    private final Iterator<Object[]> rows;
    private Object[] row;
    private boolean wasNull;

    Rows(List<Object[]> rows) {
        this.rows = rows.iterator();
    }

    private Object get(int column) {
        Object value = row[column - 1];
        wasNull = value == null;
        return value;
    }

    @Override
    public boolean next() {
        row = rows.hasNext() ? rows.next() : null;
        return row != null;
    }

    @Override
    public void close() {
        row = null;
    }

    @Override
    public boolean wasNull() {
        return wasNull;
    }

    @Override
    public String getString(int column) {
        Object value = get(column);
        return value == null ? null : value.toString();
    }

    @Override
    public byte[] getBytes(int column) {
        return (byte[]) get(column);
    }

    @Override
    public Timestamp getTimestamp(int column) {
        return (Timestamp) get(column);
    }

    @Override
    public BigDecimal getBigDecimal(int column) {
        Object value = get(column);
        return value == null ? null : new BigDecimal(value.toString());
    }

    @Override
    public int getInt(int column) {
        Object value = get(column);
        return value == null ? 0 : ((Number) value).intValue();
    }

    @Override
    public long getLong(int column) {
        Object value = get(column);
        return value == null ? 0 : ((Number) value).longValue();
    }

    @Override
    public Clob getClob(int column) throws SQLException {
        Object value = get(column);
        return value == null ? null : new SerialClob(value.toString().toCharArray());
    }

    @Override
    public Blob getBlob(int column) throws SQLException {
        Object value = get(column);
        return value == null ? null : new SerialBlob((byte[]) value);
    }

    @Override
    public ResultSetMetaData getMetaData() {
        return null;
    }
}
