package lab;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * Table functions of QSYS2 about work and objects: DATA_AREA_INFO
 * (https://www.ibm.com/docs/en/i/7.5?topic=services-data-area-info-table-function) and ACTIVE_JOB_INFO
 * (https://www.ibm.com/docs/en/i/7.5?topic=services-active-job-info-table-function), with the columns an agent asks for.
 */
public final class Information {
    private Information() { }

    public static ResultSet dataArea(String name, String library) throws SQLException {
        List<Object[]> found = new ArrayList<>();
        boolean anywhere = library == null || library.startsWith("*");
        String sql = "SELECT LIBRARY, NAME, VALUE FROM LAB.DATA_AREAS WHERE NAME = ?" + (anywhere ? "" : " AND LIBRARY = ?");
        String[] values = anywhere ? new String[] {name.trim()} : new String[] {name.trim(), library.trim()};
        for (String[] each : Nested.rows(sql, values)) {
            found.add(new Object[] {each[0], each[1], "*CHAR", each[2].length(), 0, each[2]});
        }
        return new Rows(found);
    }

    /** The connections, and what a test put into LAB.JOBS; the filter is a job's name, a generic one ends with *. */
    public static ResultSet activeJobs(String reset, String subsystems, String filter, String users, String detail)
            throws SQLException {
        List<Object[]> found = new ArrayList<>();
        String sql = "SELECT JOB_NAME, SUBSYSTEM, AUTHORIZATION_NAME, JOB_TYPE, JOB_STATUS FROM LAB.JOBS";
        String connections = "SELECT JOB_NAME, 'QUSRWRK', AUTHORIZATION_NAME, 'PJ', 'RUN'"
            + " FROM TABLE(LAB.TRANSACTIONS()) AS T";
        for (String query : List.of(sql, connections)) {
            for (String[] each : Nested.rows(query)) {
                String simple = each[0].replaceAll("^.*/", "");
                if (fits(filter, simple) && (users == null || List.of(users.split("[ ,]+")).contains(each[2]))) {
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
}
