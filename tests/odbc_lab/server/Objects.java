package lab;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * What the catalog says of objects, authorities and profiles: OBJECT_STATISTICS
 * (https://www.ibm.com/support/knowledgecenter/ssw_ibm_i_73/rzajq/rzajqudfobjectstat.htm), OBJECT_PRIVILEGES
 * (https://www.ibm.com/docs/en/i/7.4?topic=services-object-privileges-view) and USER_INFO
 * (https://www.ibm.com/docs/en/i/7.5?topic=services-user-info-view).
 */
public final class Objects {
    private static final String FILES = "SELECT T.TABLENAME, T.TABLETYPE, S.AUTHORIZATIONID FROM SYS.SYSTABLES T"
        + " JOIN SYS.SYSSCHEMAS S ON S.SCHEMAID = T.SCHEMAID WHERE S.SCHEMANAME = ?";
    private static final String PROGRAMS = "SELECT A.ALIAS FROM SYS.SYSALIASES A JOIN SYS.SYSSCHEMAS S"
        + " ON S.SCHEMAID = A.SCHEMAID WHERE A.ALIASTYPE = 'P' AND S.SCHEMANAME = ?";
    private static final String GRANTS = "SELECT S.SCHEMANAME, T.TABLENAME, P.GRANTEE, P.SELECTPRIV, P.INSERTPRIV,"
        + " P.UPDATEPRIV, P.DELETEPRIV FROM SYS.SYSTABLEPERMS P JOIN SYS.SYSTABLES T ON T.TABLEID = P.TABLEID"
        + " JOIN SYS.SYSSCHEMAS S ON S.SCHEMAID = T.SCHEMAID";
    private static final List<String> RIGHTS = List.of("*OBJOPR", "*OBJMGT", "*OBJEXIST", "*OBJALTER", "*OBJREF", "*READ",
        "*ADD", "*UPD", "*DLT", "*EXECUTE");

    private Objects() { }

    /** Files, data queues, programs and the journal of one library. Every SQL schema journals its tables in QSQJRN. */
    public static ResultSet statistics(String library, String types) throws SQLException {
        List<Object[]> found = new ArrayList<>();
        List<String> wanted = Arrays.asList(types.trim().split("[ ,]+"));
        String schemaOwner = Main.OFFICER;
        for (String[] file : Nested.rows(FILES, library)) {
            schemaOwner = file[2];
            boolean table = file[1].equals("T");
            add(found, wanted, library, file[0], "*FILE", file[2], table ? "PF" : "LF", table);
        }
        for (DataQueue queue : Queues.all()) {
            String[] id = queue.limits().id().split("/");
            if (id[0].equals(library)) {
                add(found, wanted, library, id[1], "*DTAQ", schemaOwner, "", false);
            }
        }
        for (String[] trigger : Nested.rows("SELECT PROGRAM, OWNER FROM LAB.TRIGGERS WHERE TRIGGER_SCHEMA = ?", library)) {
            add(found, wanted, library, trigger[0], "*PGM", trigger[1], "CLE", false);
        }
        for (String[] program : Nested.rows(PROGRAMS, library)) {
            add(found, wanted, library, program[0], "*PGM", schemaOwner, "RPGLE", false);
        }
        if (!found.isEmpty()) {
            add(found, wanted, library, "QSQJRN", "*JRN", schemaOwner, "", false);
        }
        return new Rows(found);
    }

    private static void add(List<Object[]> found, List<String> wanted, String library, String name, String type,
                            String creator, String attribute, boolean journaled) {
        if (wanted.contains(type) || wanted.contains("*ALL")) {
            String owner = Authority.ownerOf(Commands.object(library + "/" + name, type), creator);
            found.add(new Object[] {name, type, owner, attribute, "", journaled ? "YES" : "NO",
                journaled ? library : null, journaled ? "QSQJRN" : null, library});
        }
    }

    /** Private authorities of profiles: those of files from Derby's grants, the rest as GRTOBJAUT set them. */
    public static ResultSet privileges() throws SQLException {
        List<Object[]> found = new ArrayList<>();
        for (String[] grant : Nested.rows(GRANTS)) {
            List<String> held = new ArrayList<>(List.of("*OBJOPR"));
            String[] names = {"*READ", "*ADD", "*UPD", "*DLT"};
            for (int each = 0; each < names.length; each++) {
                if (grant[3 + each].equalsIgnoreCase("y")) {
                    held.add(names[each]);
                }
            }
            found.add(privilege(grant[0], grant[1], "*FILE", grant[2], held));
        }
        for (Map.Entry<String, String> each : Authority.held().entrySet()) {
            int blank = each.getKey().lastIndexOf(' ');
            String user = each.getKey().substring(blank + 1);
            String object = each.getKey().substring(0, blank);
            int star = object.indexOf('*');
            String[] id = (star < 0 ? object : object.substring(0, star)).split("/");
            if (!user.equals("owner")) {
                found.add(privilege(id[0], id[1], star < 0 ? "*DTAQ" : object.substring(star), user,
                    Arrays.asList(each.getValue().split(" "))));
            }
        }
        return new Rows(found);
    }

    private static Object[] privilege(String library, String name, String type, String user, List<String> held) {
        Object[] row = new Object[4 + RIGHTS.size()];
        row[0] = library;
        row[1] = name;
        row[2] = type;
        row[3] = user;
        for (int each = 0; each < RIGHTS.size(); each++) {
            row[4 + each] = held.contains(RIGHTS.get(each)) ? "YES" : "NO";
        }
        return row;
    }

    public static ResultSet profiles() {
        List<Object[]> found = new ArrayList<>();
        for (Profiles.Profile each : Profiles.all()) {
            found.add(new Object[] {each.name(), each.enabled() ? "*ENABLED" : "*DISABLED",
                each.digest().isEmpty() ? "YES" : "NO", each.failures(), each.expired() ? "YES" : "NO", each.special(),
                each.text()});
        }
        return new Rows(found);
    }
}
