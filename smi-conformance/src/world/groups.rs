//! HTTP route groups.

use super::NAMESPACES;
use super::json::{Field, Twin, nearly, other_version, perhaps, version};
use super::regexes::Re;
use crate::dice::Dice;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

/// An `HTTPRouteGroup`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its namespace.
    pub namespace: &'static str,
    /// Its name, from its position among the groups of its namespace.
    pub name: String,
    /// The version in which it is written.
    pub version: &'static str,
    /// The position of its matches.
    pub shape: Shape,
    /// Its matches.
    pub matches: Vec<Match>,
    /// Its second document, if it has one.
    pub twin: Option<Twin>,
}

/// The position of the matches in the document of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The field of its own version.
    Right,
    /// The field of another version, which an API server prunes (I7).
    OfOtherVersion,
    /// No field: the matches are absent.
    Nowhere,
    /// The field of its own version, which is `null`.
    Null,
}

/// A match of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// Its name (S2, S3).
    pub name: Field<&'static str>,
    /// The pattern for the path (S4).
    pub path: Field<Re>,
    /// The methods (S8).
    pub methods: Field<Vec<&'static str>>,
    /// The header filters (S12).
    pub headers: Headers,
}

/// The header filters of a match, in one of their wire forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Headers {
    /// The field is absent.
    Absent,
    /// The field is `null`.
    Null,
    /// A list of maps, any of which may be `null` (I6).
    List(Vec<Option<Filters>>),
    /// A map.
    Map(Filters),
}

/// Header filters: pairs of a header name and the filter for its value.
pub type Filters = Vec<(&'static str, FilterValue)>;

/// The filter for the value of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilterValue {
    /// A pattern.
    Pattern(Re),
    /// `null` (I6).
    Null,
    /// A number, which is not a valid filter (I6).
    Number,
}

impl Group {
    /// Returns the strategy of all groups. The world assigns the name.
    pub fn any() -> impl Strategy<Value = Self> {
        let namespace = prop_oneof![8 => Just(NAMESPACES[0]), 1 => Just(NAMESPACES[1])];
        let shape = prop_oneof![
            120 => Just(Shape::Right),
            1 => Just(Shape::OfOtherVersion),
            1 => Just(Shape::Nowhere),
            1 => Just(Shape::Null),
        ];
        let matches =
            prop_oneof![30 => vec(Match::any(), 1..=2), 10 => vec(Match::any(), 3..=4), 1 => Just(Vec::new())];
        (namespace, version(), shape, matches, Twin::rarely(150)).prop_map(
            |(namespace, version, shape, matches, twin)| Self {
                namespace,
                name: String::new(),
                version,
                shape,
                matches,
                twin,
            },
        )
    }

    /// Returns the manifests.
    #[must_use]
    pub fn documents(&self) -> Vec<Value> {
        let matches: Vec<Value> = self.matches.iter().map(Match::json).collect();
        let matches = Value::from(matches);
        let other = other_version(self.version);
        let whole = self.document(self.version, self.shape, matches.clone());
        let other = self.document(other, Shape::Right, matches);
        let broken = self.document(self.version, Shape::Right, json!([{"methods": "GET"}]));
        Twin::documents(self.twin, whole, other, broken)
    }

    fn document(&self, version: &str, shape: Shape, matches: Value) -> Value {
        let mut document = Map::new();
        document.insert("apiVersion".into(), format!("specs.smi-spec.io/{version}").into());
        document.insert("kind".into(), "HTTPRouteGroup".into());
        let metadata = json!({"name": self.name, "namespace": self.namespace});
        document.insert("metadata".into(), metadata);
        let has_spec = matches!(version, "v1alpha3" | "v1alpha4");
        let (field, value) = match (shape, has_spec) {
            (Shape::Right, true) | (Shape::OfOtherVersion, false) => ("spec", json!({ "matches": matches })),
            (Shape::Right, false) | (Shape::OfOtherVersion, true) => ("matches", matches),
            (Shape::Null, true) => ("spec", Value::Null),
            (Shape::Null, false) => ("matches", Value::Null),
            (Shape::Nowhere, _) => return document.into(),
        };
        document.insert(field.into(), value);
        document.into()
    }
}

impl Match {
    fn any() -> impl Strategy<Value = Self> {
        let name = nearly(select(&["one", "two", "two", ""][..]));
        let path = prop_oneof![
            30 => Re::path().prop_map(Field::Set),
            8 => Just(Field::Absent),
            1 => Just(Field::Null),
        ];
        let method = prop_oneof![
            40 => select(&["GET", "POST", "PUT", "HEAD"][..]),
            3 => select(&["*", "get", "G*", "BREW", "", "G T"][..]),
        ];
        let methods = perhaps(55, vec(method, 0..=3));
        (name, path, methods, Headers::any()).prop_map(|(name, path, methods, headers)| Self {
            name,
            path,
            methods,
            headers,
        })
    }

    /// Returns the header names and patterns as written, even if the match cannot be fulfilled.
    pub fn filters(&self) -> impl Iterator<Item = (&'static str, &Re)> {
        let maps: Vec<&Filters> = match &self.headers {
            Headers::Absent | Headers::Null => Vec::new(),
            Headers::List(items) => items.iter().flatten().collect(),
            Headers::Map(map) => vec![map],
        };
        maps.into_iter().flatten().filter_map(|(name, value)| match value {
            FilterValue::Pattern(re) => Some((*name, re)),
            FilterValue::Null | FilterValue::Number => None,
        })
    }

    /// Returns a method that fulfils the match, if there is one.
    #[must_use]
    pub fn method(&self, dice: &mut Dice) -> &'static str {
        let possible = |method: &&str| !matches!(*method, "" | "*" | "G T");
        let methods = self.methods.value().into_iter().flatten().copied();
        let listed: Vec<&'static str> = methods.filter(possible).collect();
        dice.pick(&listed).copied().unwrap_or("GET")
    }

    fn json(&self) -> Value {
        let mut matching = Map::new();
        self.name.put(&mut matching, "name", |name| *name);
        self.path.put(&mut matching, "pathRegex", Re::text);
        self.methods.put(&mut matching, "methods", Clone::clone);
        match &self.headers {
            Headers::Absent => None,
            Headers::Null => matching.insert("headers".into(), Value::Null),
            Headers::List(items) => {
                let items = items.iter().map(|item| item.as_ref().map_or(Value::Null, filters));
                matching.insert("headers".into(), items.collect())
            }
            Headers::Map(map) => matching.insert("headers".into(), filters(map)),
        };
        matching.into()
    }
}

impl Headers {
    fn any() -> impl Strategy<Value = Self> {
        let one = (Self::name(), FilterValue::any())
            .prop_map(|filter| vec![filter])
            .boxed();
        let two = vec((Self::name(), FilterValue::any()), 0..=2).boxed();
        let item = prop_oneof![
            20 => one.clone().prop_map(Some),
            4 => two.clone().prop_map(Some),
            1 => Just(None),
        ];
        prop_oneof![
            10 => Just(Self::Absent),
            1 => Just(Self::Null),
            7 => vec(one.prop_map(Some), 1..=2).prop_map(Self::List),
            2 => vec(item, 0..=3).prop_map(Self::List),
            2 => two.prop_map(Self::Map),
        ]
    }

    fn name() -> impl Strategy<Value = &'static str> {
        prop_oneof![
            40 => Just("x-user"),
            20 => select(&["X-User", "x-env", "host", "Host"][..]),
            1 => select(&[":method", ":authority", "x user", ""][..]),
        ]
    }
}

impl FilterValue {
    fn any() -> impl Strategy<Value = Self> {
        prop_oneof![
            80 => Re::value().prop_map(Self::Pattern),
            1 => Just(Self::Null),
            1 => Just(Self::Number),
        ]
    }
}

fn filters(filters: &Filters) -> Value {
    let mut map = Map::new();
    for (name, value) in filters {
        let value = match value {
            FilterValue::Pattern(re) => re.text().into(),
            FilterValue::Null => Value::Null,
            FilterValue::Number => 1.into(),
        };
        map.insert((*name).to_owned(), value);
    }
    map.into()
}
