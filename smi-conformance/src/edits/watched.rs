//! Random edits of everything in a cluster that the meaning of SMI objects depends on, as watches report them.

use super::parts::{map, namespace, service, workload};
use super::{Edit as ByAuthor, is};
use crate::dice::Dice;
use crate::world::NAMESPACES;
use crate::world::json::VERSIONS;
use crate::world::workloads::pod_of;
use serde_json::{Value, json};
use smi_adapter::diagnostic::{Code, Diagnostic};
use smi_adapter::engine::Edit;
use smi_adapter::object::{DEFAULT_NAMESPACE, Kind, ObjectKey, ObjectRef};
use smi_adapter::yaml::{Content, Document};
use smi_types::Object;

/// One change that a watch reports.
pub(crate) struct Event {
    /// The class of the edit in a report.
    pub(crate) class: &'static str,
    /// The object, for a message.
    pub(crate) object: String,
    pub(crate) edit: Edit,
}

/// The objects of a cluster that is watched.
pub(crate) struct Watched {
    documents: Vec<Value>,
    /// Former objects and contents, which can come back.
    former: Vec<Value>,
    covers: bool,
    /// The number of the last version.
    version: usize,
}

impl Watched {
    /// Creates an empty cluster, and the events in which the objects of `documents` appear, in a random order.
    pub(crate) fn of(documents: &[Value], dice: &mut Dice) -> (Self, Vec<Event>) {
        let mut watched = Self {
            documents: Vec::new(),
            former: Vec::new(),
            covers: false,
            version: 0,
        };
        let mut documents = documents.to_vec();
        dice.shuffle(&mut documents);
        let covered = dice.below(documents.len() + 1);
        let mut events = Vec::new();
        for (place, mut document) in documents.into_iter().enumerate() {
            if place == covered {
                events.push(watched.coverage());
            }
            if dice.one_in(2) {
                watched.bump(&mut document);
            }
            events.extend(watched.put("edited: an object appears", document, dice));
        }
        (watched, events)
    }

    /// Makes one edit, if there is something to edit in the chosen way.
    pub(crate) fn edit(&mut self, dice: &mut Dice) -> Option<Event> {
        let workloads = Kind::WORKLOADS.map(|kind| kind.name().to_owned());
        let workloads: Vec<&str> = workloads.iter().map(String::as_str).collect();
        match dice.below(16) {
            0..=3 => self.by_author(dice),
            4 => self.version(dice),
            5 | 6 => self.change("edited: a service", &["Service"], service, dice),
            7 | 8 => self.change("edited: a workload", &workloads, workload, dice),
            9 => self.pod(&workloads, dice),
            10 => self.namespace(dice),
            11 => self.metadata(dice),
            12 => self.goes(dice),
            13 => self.comes_back(dice),
            14 => self.breaks(dice),
            _ if !self.covers || dice.one_in(2) => Some(self.coverage()),
            _ => None,
        }
    }

    /// Adds or replaces an object.
    fn put(&mut self, class: &'static str, document: Value, dice: &mut Dice) -> Option<Event> {
        let edit = match Document::from_value(document.clone(), DEFAULT_NAMESPACE).content {
            Ok(Content::Smi(parsed)) => parsed.into(),
            Ok(Content::Service(service)) => Edit::Service(service),
            Ok(Content::Workload(workload)) => Edit::Workload(workload),
            Ok(Content::Namespace(namespace)) => Edit::Namespace(namespace),
            Ok(Content::Native(_)) => return None,
            Err(error) => match Object::from_value(&document) {
                Err(error) if dice.one_in(2) && is_smi(&document) => Edit::Error(error),
                _ => Edit::Undecodable(Box::new(error.diagnostic()?.clone())),
            },
        };
        let object = named(&document);
        self.remove(&document);
        self.documents.push(document);
        Some(Event { class, object, edit })
    }

    /// Removes the object with the identity of a document, which can come back.
    fn remove(&mut self, document: &Value) {
        let name = named(document);
        let gone = self.documents.extract_if(.., |other| named(other) == name);
        self.former.extend(gone);
    }

    /// Edits an object of one of several kinds.
    fn change(
        &mut self,
        class: &'static str,
        kinds: &[&str],
        edit: fn(&mut Value, &mut Dice) -> Option<()>,
        dice: &mut Dice,
    ) -> Option<Event> {
        let mut document = self.one_of(dice, |document| kinds.iter().any(|kind| is(document, kind)))?;
        edit(&mut document, dice)?;
        self.put(class, document, dice)
    }

    fn one_of(&self, dice: &mut Dice, is: impl Fn(&Value) -> bool) -> Option<Value> {
        let all: Vec<&Value> = self.documents.iter().filter(|document| is(document)).collect();
        dice.pick(&all).map(|document| (*document).clone())
    }

    /// Makes an edit of an SMI object by its author.
    fn by_author(&mut self, dice: &mut Dice) -> Option<Event> {
        let (after, before) = dice.pick(&ByAuthor::ALL)?.of(&self.documents, dice)?;
        if after.len() < self.documents.len() {
            return self.gone(&before);
        }
        let changed = after.into_iter().find(|document| !self.documents.contains(document))?;
        self.put("edited: an SMI object", changed, dice)
    }

    /// Writes a split in another version.
    fn version(&mut self, dice: &mut Dice) -> Option<Event> {
        let mut split = self.one_of(dice, |document| is(document, "TrafficSplit"))?;
        let (group, _) = split.get("apiVersion")?.as_str()?.split_once('/')?;
        let version = format!("{group}/{}", dice.text(&VERSIONS));
        split.as_object_mut()?.insert("apiVersion".into(), json!(version));
        self.put("edited: an SMI object", split, dice)
    }

    /// Adds a pod of a workload.
    fn pod(&mut self, workloads: &[&str], dice: &mut Dice) -> Option<Event> {
        let maker = self.one_of(dice, |document| workloads.iter().any(|kind| is(document, kind)))?;
        let mut pod = pod_of(&maker)?;
        let metadata = pod.get_mut("metadata")?.as_object_mut()?;
        let name = metadata.get("name")?.as_str()?.to_owned();
        metadata.insert("name".into(), json!(format!("{name}-{}", dice.text(&["x", "y"]))));
        if !is(&maker, "Pod") && dice.one_in(2) {
            let owner = json!({
                "apiVersion": maker.get("apiVersion")?, "kind": maker.get("kind")?, "controller": true,
                "name": maker.pointer("/metadata/name")?, "uid": "u",
            });
            metadata.insert("ownerReferences".into(), json!([owner]));
        }
        self.put("edited: a workload", pod, dice)
    }

    /// Changes a namespace, which is created first if there is none.
    fn namespace(&mut self, dice: &mut Dice) -> Option<Event> {
        let name = dice.text(&NAMESPACES);
        let known = self.one_of(dice, |document| {
            is(document, "Namespace") && document.pointer("/metadata/name") == Some(&json!(name))
        });
        let new = || json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        let mut document = known.unwrap_or_else(new);
        namespace(&mut document, dice)?;
        self.put("edited: a namespace", document, dice)
    }

    /// Changes only the metadata of an object.
    fn metadata(&mut self, dice: &mut Dice) -> Option<Event> {
        let mut document = self.one_of(dice, |_| true)?;
        self.bump(&mut document);
        if dice.one_in(2) {
            let annotations = map(document.get_mut("metadata")?, "annotations")?;
            annotations.insert("example.com/note".into(), json!(self.version.to_string()));
        }
        self.put("edited: only metadata", document, dice)
    }

    /// Gives an object a new version, as a write does.
    fn bump(&mut self, document: &mut Value) {
        self.version += 1;
        let uid = format!("uid of {}", named(document));
        if let Some(metadata) = map(document, "metadata") {
            metadata.insert("resourceVersion".into(), json!(self.version.to_string()));
            metadata.entry("uid").or_insert_with(|| json!(uid));
        }
    }

    /// Removes an object, or reports once more that one is gone.
    fn goes(&mut self, dice: &mut Dice) -> Option<Event> {
        let document = if dice.one_in(6) {
            dice.pick(&self.former)?.clone()
        } else {
            self.one_of(dice, |_| true)?
        };
        self.gone(&document)
    }

    fn gone(&mut self, document: &Value) -> Option<Event> {
        let reference = reference(document)?;
        self.remove(document);
        Some(Event {
            class: "edited: an object goes",
            object: named(document),
            edit: Edit::Gone(reference),
        })
    }

    /// Brings back an object or a content that was there before.
    fn comes_back(&mut self, dice: &mut Dice) -> Option<Event> {
        let document = dice.pick(&self.former)?.clone();
        self.put("edited: an object appears", document, dice)
    }

    /// Makes an SMI object undecodable.
    fn breaks(&mut self, dice: &mut Dice) -> Option<Event> {
        let document = self.one_of(dice, is_smi)?;
        let mut broken = document.clone();
        let fields = broken.as_object_mut()?;
        let edit = match dice.below(3) {
            0 => {
                let message = format!("broken for the {}th time", self.version);
                let object = reference(&document)?;
                Edit::Undecodable(Box::new(Diagnostic::new(
                    Code::Undecodable,
                    object,
                    "spec".into(),
                    message,
                )))
            }
            1 => {
                let version = format!("{}/v9", fields.get("apiVersion")?.as_str()?.split_once('/')?.0);
                fields.insert("apiVersion".into(), json!(version));
                Edit::Error(Object::from_value(&broken).err()?)
            }
            _ => {
                for field in ["spec", "matches", "specs", "destination"] {
                    fields.insert(field.into(), json!(7));
                }
                Edit::Error(Object::from_value(&broken).err()?)
            }
        };
        self.remove(&document);
        Some(Event {
            class: "edited: undecodable",
            object: named(&document),
            edit,
        })
    }

    /// Declares that the snapshot covers workloads, or withdraws that.
    fn coverage(&mut self) -> Event {
        self.covers = !self.covers;
        Event {
            class: "edited: coverage",
            object: format!("workloads covered: {}", self.covers),
            edit: Edit::Coverage(self.covers),
        }
    }
}

fn is_smi(document: &Value) -> bool {
    Kind::SMI.iter().any(|kind| is(document, kind.name()))
}

fn text<'d>(document: &'d Value, pointer: &str) -> &'d str {
    document.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Returns the kind, namespace and name of a document, as text.
fn named(document: &Value) -> String {
    let [kind, namespace, name] = ["/kind", "/metadata/namespace", "/metadata/name"].map(|at| text(document, at));
    format!("{kind} {namespace}/{name}")
}

/// Returns a reference to the object of a document.
fn reference(document: &Value) -> Option<ObjectRef> {
    let known = Kind::SMI.into_iter().chain(Kind::WORKLOADS);
    let mut known = known.chain([Kind::Service, Kind::Namespace]);
    let kind = known.find(|kind| is(document, kind.name()))?;
    let name = text(document, "/metadata/name");
    if kind == Kind::Namespace {
        return Some(ObjectRef::namespace(name));
    }
    let namespace = Some(text(document, "/metadata/namespace")).filter(|it| !it.is_empty());
    Some(ObjectRef::new(
        kind,
        ObjectKey::new(namespace.unwrap_or(DEFAULT_NAMESPACE), name),
    ))
}
