//! Strategies of [proptest], for laws and tests of your own.
//!
//! A [`World`] is a small set of SMI objects, services, workloads and namespaces, full of names that collide and of objects
//! that are broken on purpose; an [`Aim`] sends something to it.
//!
//! ```
//! use proptest::strategy::{Strategy, ValueTree};
//! use proptest::test_runner::TestRunner;
//! use smi_adapter::resolve::resolve;
//! use smi_conformance::Input;
//! use smi_conformance::strategies::World;
//!
//! let mut runner = TestRunner::deterministic();
//! let world = World::any().new_tree(&mut runner)?.current();
//! let input = Input::new(world.documents());
//! println!("{:?}", resolve(input.snapshot(), &world.settings));
//! # Ok::<(), proptest::test_runner::Reason>(())
//! ```

#[doc(inline)]
pub use crate::queries::{Aim, Shot};
#[doc(inline)]
pub use crate::world::World;
