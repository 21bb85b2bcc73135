package lab;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/** Statements of a routine, in the unit of work of the statement that called it. */
final class Nested {
    private Nested() { }

    /** Rows of texts, with texts for the markers. */
    static List<String[]> rows(String sql, String... values) throws SQLException {
        List<String[]> found = new ArrayList<>();
        try (Connection connection = DriverManager.getConnection("jdbc:default:connection");
                PreparedStatement query = connection.prepareStatement(sql)) {
            for (int each = 0; each < values.length; each++) {
                query.setString(each + 1, values[each]);
            }
            try (ResultSet rows = query.executeQuery()) {
                int columns = rows.getMetaData().getColumnCount();
                while (rows.next()) {
                    String[] row = new String[columns];
                    for (int each = 0; each < columns; each++) {
                        row[each] = rows.getString(each + 1);
                    }
                    found.add(row);
                }
            }
        }
        return found;
    }

    /** How many rows a change with texts for its markers met. */
    static int update(String sql, String... values) throws SQLException {
        try (Connection connection = DriverManager.getConnection("jdbc:default:connection");
                PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int each = 0; each < values.length; each++) {
                statement.setString(each + 1, values[each]);
            }
            return statement.executeUpdate();
        }
    }

    /** A definition, with names formatted into it. */
    static void execute(String sql, Object... names) throws SQLException {
        try (Connection connection = DriverManager.getConnection("jdbc:default:connection");
                Statement statement = connection.createStatement()) {
            statement.executeUpdate(sql.formatted(names));
        }
    }
}
