package lab;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Object authority: owner, profile and *PUBLIC, as GRTOBJAUT and RVKOBJAUT set it. Enforced for data queues and programs;
 * files are held by Derby's GRANT and REVOKE; authority to libraries is kept, shown and not enforced.
 *
 * What the names contain: https://www.ibm.com/docs/en/i/7.5?topic=authority-commonly-used-authorities
 */
final class Authority {
    private static final Map<String, String> SETS = Map.of(
        "*ALL", "*OBJOPR *OBJMGT *OBJEXIST *READ *ADD *UPD *DLT *EXECUTE",
        "*CHANGE", "*OBJOPR *READ *ADD *UPD *DLT *EXECUTE",
        "*USE", "*OBJOPR *READ *EXECUTE",
        "*LIBCRTAUT", "*OBJOPR *READ *ADD *UPD *DLT *EXECUTE",
        "*EXCLUDE", "");
    private static final StateFile FILE = new StateFile("authorities");

    private Authority() { }

    /** Object authority *OBJOPR and one data authority, or CPF9802. */
    static void demand(String object, String user, String data) throws Refusal {
        if (!has(object, user, data)) {
            throw Refusal.cpf("CPF9802: Not authorized to object %s.", object.replaceAll("^(.*)/(.*)$", "$2 in $1"));
        }
    }

    static boolean has(String object, String user, String data) {
        if (Profiles.has(user, "*ALLOBJ") || user.equals(FILE.get(object + " owner"))) {
            return true;
        }
        String own = FILE.get(object + " " + user);
        String held = own == null ? FILE.get(object + " *PUBLIC") : own; // private authority replaces the public one
        List<String> names = Arrays.asList((held == null ? "" : held).split(" "));
        return names.contains("*OBJOPR") && names.contains(data);
    }

    /** The owner that was set, or another one where none was. */
    static String ownerOf(String object, String otherwise) {
        String owner = FILE.get(object + " owner");
        return owner == null ? otherwise : owner;
    }

    /** Object and profile of every private authority, with the names it holds. */
    static Map<String, String> held() {
        return FILE.entries();
    }

    static void created(String object, String owner, String publicAuthority) {
        removed(object);
        FILE.put(object + " owner", owner);
        FILE.put(object + " *PUBLIC", expanded(publicAuthority));
    }

    static void removed(String object) {
        FILE.removeAll(object + " ");
    }

    static void owner(String object, String owner) {
        FILE.put(object + " owner", owner);
    }

    static void grant(String object, String user, String authorities, boolean replace) {
        String before = FILE.get(object + " " + user);
        TreeSet<String> held = new TreeSet<>();
        if (before != null && !replace) {
            held.addAll(List.of(before.split(" ")));
        }
        held.addAll(List.of(expanded(authorities).split(" ")));
        FILE.put(object + " " + user, String.join(" ", held));
    }

    /** Takes authorities away; a profile that had none of its own then has what *PUBLIC has, as there. */
    static void revoke(String object, String user, String authorities) {
        String before = FILE.get(object + " " + user);
        if (before == null) {
            return;
        }
        TreeSet<String> held = new TreeSet<>(List.of(before.split(" ")));
        List.of(expanded(authorities).split(" ")).forEach(held::remove);
        if (held.isEmpty() && !user.equals("*PUBLIC")) {
            FILE.remove(object + " " + user);
        } else {
            FILE.put(object + " " + user, String.join(" ", held));
        }
    }

    private static String expanded(String authorities) {
        Map<String, Boolean> names = new HashMap<>();
        for (String each : authorities.trim().split("\\s+")) {
            for (String name : SETS.getOrDefault(each, each).split(" ")) {
                names.put(name, true);
            }
        }
        return String.join(" ", new TreeSet<>(names.keySet()));
    }
}
