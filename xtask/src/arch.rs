//! Arrows point down, and the server cannot read.
//!
//! ```text
//!   cli  web        sim ─► core, server        bench ─► core
//!     └─► core      server   auditor
//!         │  └─► media, transparency ◄─┘
//!         └────────► wire ◄───┘
//! ```
//! Looks at what Cargo resolved, normal and build dependencies; tests may reach further.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::cargo::{Declared, Metadata};
use super::purity::PURE;

/// Every place in the house, built or kept free, and where its arrows may point.
const ARROWS: [(&str, &[&str]); 12] = [
    ("wire", &[]),
    ("transparency", &["wire"]),
    ("media", &["wire"]),
    ("core", &["wire", "transparency", "media"]),
    ("server", &["wire", "transparency"]),
    ("auditor", &["wire", "transparency"]),
    ("cli", &["wire", "core"]),
    ("web", &["wire", "core"]),
    ("sim", &["wire", "core", "server"]),
    ("bench", &["wire", "core"]),
    ("fuzz", &["wire", "transparency", "core", "server", "sim"]),
    ("xtask", &[]),
];

/// The folders of those places.
pub(super) const FOLDERS: [&str; 12] =
    ["wire", "transparency", "media", "core", "server", "auditor", "cli", "web", "sim", "bench", "fuzz", "xtask"];

/// What the program that carries messages must not be linked to, however far away.
const UNREADABLE: [&str; 6] = ["waxseal-core", "openmls", "mls-", "mls_", "hpke-", "x-wing"];

/// Direct dependencies that would give a pure crate a clock, a socket or a die.
const IMPURE: [&str; 12] =
    ["tokio", "mio", "socket2", "reqwest", "hyper", "axum", "async-std", "smol", "getrandom", "rand", "chrono", "time"];

/// Features that nobody may switch on: one who does does it for every crate of the build.
const SHARED: [(&str, &str, &str); 1] =
    [("ed25519-dalek", "legacy_compatibility", "every signature would have a second form (third_party/akd_core/README.md)")];

/// What was resolved, tests apart.
pub(super) struct Graph {
    names: BTreeMap<String, String>,
    members: BTreeSet<String>,
    arrows: BTreeMap<String, Vec<String>>,
    declared: BTreeMap<String, Vec<Declared>>,
    features: BTreeMap<String, Vec<String>>,
}

impl Graph {
    /// Draws it.
    pub(super) fn of(metadata: Metadata) -> Self {
        let features = metadata.resolve.nodes.iter().map(|node| (node.id.clone(), node.features.clone())).collect();
        let arrows = metadata.resolve.nodes.into_iter().map(|node| {
            let built = node.deps.into_iter().filter(|arrow| arrow.is_built());
            (node.id, built.map(|arrow| arrow.pkg).collect())
        });
        Self {
            arrows: arrows.collect(),
            features,
            names: metadata.packages.iter().map(|package| (package.id.clone(), package.name.clone())).collect(),
            members: metadata.workspace_members.into_iter().collect(),
            declared: metadata.packages.into_iter().map(|package| (package.id, package.dependencies)).collect(),
        }
    }

    /// Everything that is drawn wrong.
    pub(super) fn wrongs(&self) -> Vec<String> {
        let mut wrongs = Vec::new();
        for member in &self.members {
            self.check_arrows(member, &mut wrongs);
            if self.place(member) == "server" {
                self.check_reach(member, &mut wrongs);
            }
            if PURE.contains(&self.place(member)) {
                self.check_purity(member, &mut wrongs);
            }
        }
        self.check_shared(&mut wrongs);
        wrongs
    }

    fn check_arrows(&self, member: &str, wrongs: &mut Vec<String>) {
        let place = self.place(member);
        let Some((_, allowed)) = ARROWS.iter().find(|(known, _)| *known == place) else {
            return wrongs.push(format!("{place} has no place in the house: give it one in xtask/src/arch.rs"));
        };
        for to in self.arrows_of(member).filter(|to| self.members.contains(*to)).map(|to| self.place(to)) {
            if !allowed.contains(&to) {
                wrongs.push(format!("{place} must not depend on {to}: arrows point down only"));
            }
        }
    }

    /// Breadth first, so that the way shown is the shortest.
    fn check_reach(&self, member: &str, wrongs: &mut Vec<String>) {
        let mut ways = BTreeMap::from([(member, vec![self.name(member)])]);
        let mut next = VecDeque::from([member]);
        while let Some(at) = next.pop_front() {
            let way = ways.get(at).cloned().unwrap_or_default();
            for to in self.arrows_of(at) {
                if ways.contains_key(to) {
                    continue;
                }
                let way: Vec<_> = way.iter().copied().chain([self.name(to)]).collect();
                if UNREADABLE.iter().any(|name| self.name(to).starts_with(name)) {
                    wrongs.push(format!("the server must not be able to read: {}", way.join(" → ")));
                }
                ways.insert(to, way);
                next.push_back(to);
            }
        }
    }

    fn check_purity(&self, member: &str, wrongs: &mut Vec<String>) {
        let place = self.place(member);
        for declared in self.declared.get(member).into_iter().flatten().filter(|declared| declared.kind.is_none()) {
            if IMPURE.contains(&declared.name.as_str()) {
                wrongs.push(format!("{place} is pure and must not depend on {}", declared.name));
            }
            if let Some(feature) =
                declared.features.iter().find(|feature| ["getrandom", "os_rng", "sys_rng"].contains(&feature.as_str()))
            {
                wrongs.push(format!("{place} is pure and must not switch on {}/{feature}", declared.name));
            }
        }
    }

    fn check_shared(&self, wrongs: &mut Vec<String>) {
        for (id, features) in &self.features {
            for (name, feature, why) in SHARED {
                if self.name(id) == name && features.iter().any(|on| on == feature) {
                    wrongs.push(format!("nobody may switch on {name}/{feature}: {why}"));
                }
            }
        }
    }

    fn arrows_of(&self, id: &str) -> impl Iterator<Item = &str> {
        self.arrows.get(id).into_iter().flatten().map(String::as_str)
    }

    fn name(&self, id: &str) -> &str {
        self.names.get(id).map_or("?", String::as_str)
    }

    fn place(&self, id: &str) -> &str {
        let name = self.name(id);
        name.strip_prefix("waxseal-").unwrap_or(name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Names, each with its kind: none, build or dev.
    type Deps<'a> = &'a [(&'a str, Option<&'a str>)];

    /// A house of `(package, [(dependency, kind)])`; members are ours, the rest comes from outside.
    fn wrongs(house: &[(&str, Deps<'_>)]) -> Vec<String> {
        let ours = |name: &str| name.starts_with("waxseal-") || name == "xtask";
        let packages: Vec<Value> = house
            .iter()
            .map(|(name, deps)| {
                let declared: Vec<Value> =
                    deps.iter().map(|(dep, kind)| json!({"name": dep, "kind": kind, "features": []})).collect();
                json!({"id": name, "name": name, "version": "1.0.0", "dependencies": declared})
            })
            .collect();
        let nodes: Vec<Value> = house
            .iter()
            .map(|(name, deps)| {
                let deps: Vec<Value> = deps.iter().map(|(dep, kind)| json!({"pkg": dep, "dep_kinds": [{"kind": kind}]})).collect();
                json!({"id": name, "deps": deps})
            })
            .collect();
        let members: Vec<&str> = house.iter().map(|(name, _)| *name).filter(|name| ours(name)).collect();
        let json = json!({"packages": packages, "workspace_members": members, "resolve": {"nodes": nodes}});
        drawn(&json)
    }

    fn drawn(json: &Value) -> Vec<String> {
        Graph::of(Metadata::from_json(json.to_string().as_bytes()).expect("a house")).wrongs()
    }

    #[test]
    fn every_place_has_a_folder() {
        assert!(ARROWS.iter().map(|(place, _)| place).eq(&FOLDERS));
    }

    #[test]
    fn the_house_as_drawn_stands() {
        let drawn = wrongs(&[
            ("waxseal-wire", &[]),
            ("waxseal-core", &[("waxseal-wire", None), ("openmls", None)]),
            ("waxseal-server", &[("waxseal-wire", None), ("tokio", None)]),
            ("waxseal-cli", &[("waxseal-core", None)]),
            ("waxseal-sim", &[("waxseal-core", None), ("waxseal-server", None)]),
            ("openmls", &[]),
            ("tokio", &[]),
        ]);
        assert_eq!(drawn, Vec::<String>::new());
    }

    #[test]
    fn an_arrow_up_is_refused() {
        let up = wrongs(&[("waxseal-wire", &[("waxseal-core", None)]), ("waxseal-core", &[])]);
        assert_eq!(up, ["wire must not depend on core: arrows point down only"]);
        let across = wrongs(&[("waxseal-cli", &[("waxseal-server", None)]), ("waxseal-server", &[])]);
        assert_eq!(across, ["cli must not depend on server: arrows point down only"]);
    }

    #[test]
    fn a_stranger_has_no_place() {
        assert_eq!(wrongs(&[("waxseal-attic", &[])]).len(), 1);
    }

    #[test]
    fn the_server_reaches_no_mls_library_however_far() {
        let far = wrongs(&[
            ("waxseal-server", &[("innocent", None)]),
            ("innocent", &[("openmls_traits", Some("build"))]),
            ("openmls_traits", &[]),
        ]);
        assert_eq!(far, ["the server must not be able to read: waxseal-server → innocent → openmls_traits"]);
        let core = wrongs(&[("waxseal-server", &[("waxseal-core", None)]), ("waxseal-core", &[])]);
        assert_eq!(core.len(), 2, "an arrow and a reach");
    }

    #[test]
    fn tests_of_the_server_may_read() {
        assert!(wrongs(&[("waxseal-server", &[("waxseal-core", Some("dev"))]), ("waxseal-core", &[])]).is_empty());
    }

    #[test]
    fn a_pure_crate_has_no_socket_and_no_die() {
        for impure in IMPURE {
            assert_eq!(wrongs(&[("waxseal-core", &[(impure, None)]), (impure, &[])]).len(), 1, "{impure}");
            assert!(wrongs(&[("waxseal-core", &[(impure, Some("dev"))]), (impure, &[])]).is_empty(), "{impure}");
        }
    }

    #[test]
    fn a_feature_that_would_change_everybodys_signatures_is_named() {
        let with = |feature: &str| {
            drawn(&json!({
                "packages": [{"id": "a", "name": "ed25519-dalek", "version": "2.2.0", "dependencies": []}],
                "workspace_members": [],
                "resolve": {"nodes": [{"id": "a", "deps": [], "features": ["std", feature]}]},
            }))
        };
        assert_eq!(with("zeroize"), Vec::<String>::new());
        assert_eq!(with("legacy_compatibility").len(), 1);
    }

    #[test]
    fn a_pure_crate_switches_on_no_randomness() {
        let json = json!({
            "packages": [{"id": "a", "name": "waxseal-wire", "version": "1.0.0", "dependencies":
                [{"name": "rand_core", "kind": null, "features": ["getrandom"]}]}],
            "workspace_members": ["a"],
            "resolve": {"nodes": []},
        });
        assert_eq!(drawn(&json), ["wire is pure and must not switch on rand_core/getrandom"]);
    }
}
