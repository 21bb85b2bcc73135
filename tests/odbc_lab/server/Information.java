package lab;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * Table functions of QSYS2 about work and objects: DATA_AREA_INFO
 * (https://www.ibm.com/docs/en/i/7.5?topic=services-data-area-info-table-function) and ACTIVE_JOB_INFO
 * (https://www.ibm.com/docs/en/i/7.5?topic=services-active-job-info-table-function), each with the columns an agent asks for.
 */
public final class Information {
    private Information() { }

    public static ResultSet dataArea(String name, String library) throws SQLException {
        List<Object[]> rows = rows("SELECT LIBRARY, NAME, VALUE FROM LAB.DATA_AREAS WHERE NAME = '" + name.trim().replace("'", "")
            + "'" + (library == null || library.startsWith("*") ? "" : " AND LIBRARY = '" + library.trim().replace("'", "") + "'"), 3);
        List<Object[]> found = new ArrayList<>();
        for (Object[] each : rows) {
            String value = each[2].toString();
            found.add(new Object[] {each[0], each[1], "*CHAR", value.length(), 0, value});
        }
        return new Rows(found);
    }

    /** The connections, and what a test put into LAB.JOBS; the filter is a job's name, with a closing * for a generic one. */
    public static ResultSet activeJobs(String reset, String subsystems, String filter, String users, String detail)
            throws SQLException {
        List<Object[]> found = new ArrayList<>();
        String sql = "SELECT JOB_NAME, SUBSYSTEM, AUTHORIZATION_NAME, JOB_TYPE, JOB_STATUS FROM LAB.JOBS";
        String connections = "SELECT JOB_NAME, 'QUSRWRK', AUTHORIZATION_NAME, 'PJ', 'RUN' FROM TABLE(LAB.TRANSACTIONS()) AS T";
        for (String query : List.of(sql, connections)) {
            for (Object[] each : rows(query, 5)) {
                String simple = each[0].toString().replaceAll("^.*/", "");
                if (fits(filter, simple) && (users == null || List.of(users.split("[ ,]+")).contains(each[2].toString()))) {
                    found.add(new Object[] {found.size() + 1, each[0], simple, each[1], each[2], each[3], each[4]});
                }
            }
        }
        return new Rows(found);
    }

    private static boolean fits(String filter, String name) {
        if (filter == null || filter.isBlank() || filter.startsWith("*")) {
            return true;
        }
        String wanted = filter.trim();
        return wanted.endsWith("*") ? name.startsWith(wanted.substring(0, wanted.length() - 1)) : name.equals(wanted);
    }

    private static List<Object[]> rows(String sql, int columns) throws SQLException {
        List<Object[]> found = new ArrayList<>();
        try (Connection connection = DriverManager.getConnection("jdbc:default:connection");
                PreparedStatement query = connection.prepareStatement(sql);
                ResultSet rows = query.executeQuery()) {
            while (rows.next()) {
                Object[] row = new Object[columns];
                for (int each = 0; each < columns; each++) {
                    row[each] = rows.getString(each + 1);
                }
                found.add(row);
            }
        }
        return found;
    }
}
