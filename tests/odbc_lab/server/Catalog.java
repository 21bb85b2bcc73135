package lab;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.apache.derby.catalog.TypeDescriptor;

/** What the front door must know of tables to rewrite a statement; read WITH UR, so that open DDL can't stop it. */
final class Catalog {
    private static final String COLUMN = "SELECT C.COLUMNDATATYPE FROM SYS.SYSCOLUMNS C"
        + " JOIN SYS.SYSTABLES T ON T.TABLEID = C.REFERENCEID JOIN SYS.SYSSCHEMAS S ON S.SCHEMAID = T.SCHEMAID"
        + " WHERE S.SCHEMANAME = ? AND T.TABLENAME = ? AND C.COLUMNNAME = ? WITH UR";
    private static final String TABLE = "SELECT T.TABLENAME FROM SYS.SYSTABLES T"
        + " JOIN SYS.SYSSCHEMAS S ON S.SCHEMAID = T.SCHEMAID WHERE S.SCHEMANAME = ? AND T.TABLENAME = ? WITH UR";

    /** A column's type by name, with precision and scale of numbers and length in characters or bytes of the rest. */
    record Column(String type, int precision, int scale, int length) { }

    private static Connection connection;

    private Catalog() { }

    /** The column of that name in the first of these tables ("SCHEMA.TABLE") that has one, or null. */
    static Column column(List<String> tables, String name) {
        for (String table : tables) {
            int dot = table.indexOf('.');
            Object type = first(COLUMN, table.substring(0, dot), table.substring(dot + 1), name);
            if (type instanceof TypeDescriptor found) {
                return new Column(found.getTypeName(), found.getPrecision(), found.getScale(), found.getMaximumWidth());
            }
        }
        return null;
    }

    static boolean hasTable(String schema, String table) {
        return first(TABLE, schema, table) != null;
    }

    /** The one column of a table's primary key; null where there are none or several. */
    static synchronized String primaryKey(String schema, String table) {
        List<String> columns = new ArrayList<>();
        try (ResultSet keys = open().getMetaData().getPrimaryKeys(null, schema, table)) {
            while (keys.next()) {
                columns.add(keys.getString("COLUMN_NAME"));
            }
        } catch (SQLException error) {
            System.err.println("catalog: " + error);
        }
        return columns.size() == 1 ? columns.get(0) : null;
    }

    private static synchronized Object first(String sql, String... values) {
        try (PreparedStatement query = open().prepareStatement(sql)) {
            for (int each = 0; each < values.length; each++) {
                query.setString(each + 1, values[each]);
            }
            try (ResultSet found = query.executeQuery()) {
                return found.next() ? found.getObject(1) : null;
            }
        } catch (SQLException error) {
            System.err.println("catalog: " + error);
            return null;
        }
    }

    private static Connection open() throws SQLException {
        if (connection == null || connection.isClosed()) {
            connection = DriverManager.getConnection("jdbc:derby:" + Main.DATABASE, Main.OFFICER,
                Profiles.officerPassword());
            connection.setTransactionIsolation(Connection.TRANSACTION_READ_UNCOMMITTED);
        }
        return connection;
    }
}
