package lab;

import java.sql.SQLException;
import java.util.Locale;

/**
 * The CL commands that QSYS2.QCMDEXC runs here, a closed list; any other is CPD0030. Parameters:
 * https://www.ibm.com/docs/en/i/7.5?topic=language-cl-commands (crtdtaq, grtobjaut, crtusrprf, sndmsg, crtdtaara ...).
 */
public final class Commands {
    private static final int MAX_16MB = 16 * 1024 * 1024;

    private Commands() { }

    /** QSYS2.QCMDEXC(command). */
    public static void run(String text) throws SQLException {
        Refusal.passOn(() -> run(Cl.of(text)));
    }

    private static void run(Cl cl) throws SQLException {
        switch (cl.command()) {
            case "CRTDTAQ" -> createQueue(cl);
            case "DLTDTAQ" -> deleteQueue(cl);
            case "CLRDTAQ" -> queue(cl).clear();
            case "CRTLIB" -> Ddl.makeSchema(upper(cl.get("LIB", 0)));
            case "DLTLIB" -> Ddl.dropAll(upper(cl.get("LIB", 0)));
            case "GRTOBJAUT" -> objectAuthority(cl, true);
            case "RVKOBJAUT" -> objectAuthority(cl, false);
            case "CHGOBJOWN" -> changeOwner(cl);
            case "CRTUSRPRF", "CHGUSRPRF" -> profile(cl);
            case "DLTUSRPRF" -> deleteProfile(cl);
            case "SNDMSG" -> sendMessage(cl);
            case "CRTDTAARA" -> dataArea(cl, "INSERT INTO LAB.DATA_AREAS (VALUE, LIBRARY, NAME) VALUES (?, ?, ?)");
            case "CHGDTAARA" -> dataArea(cl, "UPDATE LAB.DATA_AREAS SET VALUE = ? WHERE LIBRARY = ? AND NAME = ?");
            case "DLTDTAARA" -> deleteDataArea(cl);
            case "CHGPFTRG" -> changeTrigger(cl);
            case "STRJRNPF", "ENDJRNPF", "CHGJRN", "CHGJOB", "OVRDBF" -> { }
            default -> throw Refusal.cpf("CPD0030: Command %s not known to the stand-in.", cl.command());
        }
    }

    private static void createQueue(Cl cl) throws Refusal {
        String id = qualified(cl.get("DTAQ", 0));
        int length = cl.number("MAXLEN", 0);
        String sequence = cl.get("SEQ").isEmpty() ? "FIFO" : cl.get("SEQ").substring(1);
        int keyLength = sequence.equals("KEYED") ? cl.number("KEYLEN", 0) : 0;
        if (length < 1 || length > 64512 || sequence.equals("KEYED") && (keyLength < 1 || keyLength > 256)) {
            throw Refusal.cpf("CPD0084: MAXLEN or KEYLEN of %s not valid.", id);
        }
        int most = cl.number("SIZE", MAX_16MB / length);
        boolean sender = cl.get("SENDERID").equals("*YES");
        boolean force = cl.get("FORCE").equals("*YES");
        Queues.create(new DataQueue.Limits(id, length, sequence, keyLength, most, force, sender, cl.get("TEXT")));
        Authority.created(id, Jobs.user(), cl.get("AUT").isEmpty() ? "*LIBCRTAUT" : cl.get("AUT"));
    }

    private static DataQueue queue(Cl cl) throws Refusal {
        String[] id = qualified(cl.get("DTAQ", 0)).split("/");
        return Queues.get(id[0], id[1]);
    }

    private static void deleteQueue(Cl cl) throws Refusal {
        DataQueue queue = queue(cl);
        Authority.demand(queue.limits().id(), Jobs.user(), "*OBJEXIST");
        String[] id = queue.limits().id().split("/");
        Queues.delete(id[0], id[1]);
        Authority.removed(queue.limits().id());
    }

    private static void objectAuthority(Cl cl, boolean grant) throws SQLException {
        String type = cl.get("OBJTYPE", 1);
        String object = object(qualified(cl.get("OBJ", 0)), type);
        if (type.equals("*DTAQ")) {
            String[] id = object.split("/");
            Queues.get(id[0], id[1]);
        }
        for (String user : upper(cl.get("USER", 2)).split(" ")) {
            String authorities = cl.get("AUT", 3);
            if (grant) {
                Authority.grant(object, user, authorities, cl.get("REPLACE").equals("*YES"));
            } else {
                Authority.revoke(object, user, authorities);
            }
        }
    }

    private static void changeOwner(Cl cl) throws SQLException {
        String type = cl.get("OBJTYPE", 1);
        String id = qualified(cl.get("OBJ", 0));
        String owner = upper(cl.get("NEWOWN", 2));
        if (Profiles.get(owner) == null) {
            throw Refusal.cpf("CPF2204: User profile %s not found.", owner);
        }
        Authority.owner(object(id, type), owner);
        if (type.equals("*PGM")) {
            Triggers.owner(id, owner);
        }
    }

    /** How {@link Authority} names an object: two of different type may share a name. */
    static String object(String id, String type) {
        return type.equals("*DTAQ") ? id : id + type;
    }

    private static void profile(Cl cl) throws Refusal {
        secureAdministration();
        String name = upper(cl.get("USRPRF", 0));
        boolean create = cl.command().equals("CRTUSRPRF");
        Profiles.Profile before = Profiles.get(name);
        if (create == (before != null)) {
            throw Refusal.cpf(create ? "CPF2214: User profile %s already exists." : "CPF2204: User profile %s not found.",
                name);
        }
        String password = cl.get("PASSWORD", 1);
        String digest = password.isEmpty() ? before == null ? Profiles.digest(name, name) : before.digest()
            : Profiles.digest(name, password);
        String status = cl.get("STATUS");
        boolean enabled = status.isEmpty() ? before == null || before.enabled() : status.equals("*ENABLED");
        String expired = cl.get("PWDEXP");
        boolean isExpired = expired.isEmpty() ? before != null && before.expired() && password.isEmpty()
            : expired.equals("*YES");
        String special = cl.get("SPCAUT").isEmpty() ? before == null ? "*NONE" : before.special() : cl.get("SPCAUT");
        String text = cl.get("TEXT").isEmpty() && before != null ? before.text() : cl.get("TEXT");
        Profiles.put(new Profiles.Profile(name, digest, enabled, isExpired, 0, special, text));
    }

    private static void deleteProfile(Cl cl) throws Refusal {
        secureAdministration();
        String name = upper(cl.get("USRPRF", 0));
        if (Profiles.get(name) == null) {
            throw Refusal.cpf("CPF2204: User profile %s not found.", name);
        }
        Profiles.remove(name);
    }

    private static void secureAdministration() throws Refusal {
        if (!Profiles.has(Jobs.user(), "*SECADM")) {
            throw Refusal.cpf("CPF2292: *SECADM required to create or change user profiles.");
        }
    }

    /** The message as it arrived, in LAB.MESSAGES; 512 characters at most. */
    private static void sendMessage(Cl cl) throws SQLException {
        String text = cl.get("MSG", 0);
        String user = upper(cl.get("TOUSR", 1));
        String queue = upper(cl.get("TOMSGQ"));
        if (text.length() > 512) {
            throw Refusal.cpf("CPD0074: the message is longer than 512 characters.");
        }
        String target = !queue.isEmpty() ? qualified(queue) : user.equals("*SYSOPR") ? "QSYS/QSYSOPR" : "QUSRSYS/" + user;
        Nested.update("INSERT INTO LAB.MESSAGES (QUEUE, TEXT, SENDER) VALUES (?, ?, ?)", target, text, Jobs.user());
    }

    private static void dataArea(Cl cl, String sql) throws SQLException {
        String object = cl.get("DTAARA", 0).replaceAll("\\s*\\(?\\*ALL\\)?$", "");
        String[] id = qualified(object).split("/");
        String value = cl.get("VALUE", cl.command().equals("CHGDTAARA") ? 1 : 2);
        if (Nested.update(sql, value, id[0], id[1]) == 0) {
            throw Refusal.cpf("CPF1015: Data area %s in %s not found.", id[1], id[0]);
        }
    }

    private static void deleteDataArea(Cl cl) throws SQLException {
        String[] id = qualified(cl.get("DTAARA", 0)).split("/");
        Nested.update("DELETE FROM LAB.DATA_AREAS WHERE LIBRARY = ? AND NAME = ?", id[0], id[1]);
    }

    private static void changeTrigger(Cl cl) throws SQLException {
        String[] file = qualified(cl.get("FILE", 0)).split("/");
        Nested.update("UPDATE LAB.TRIGGERS SET ENABLED = ? WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?",
            cl.get("STATE").equals("*DISABLED") ? "N" : "Y", file[0], file[1]);
        Triggers.forget();
    }

    /** LIB/NAME in upper case; QGPL where no library is named. */
    private static String qualified(String name) {
        String upper = upper(name).replaceAll("\\s+", "");
        return upper.contains("/") ? upper : "QGPL/" + upper;
    }

    private static String upper(String text) {
        return text.trim().toUpperCase(Locale.ROOT);
    }
}
