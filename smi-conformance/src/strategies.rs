//! Strategies of [proptest], for your own laws and tests.
//!
//! A [`World`] is a small set of SMI objects, services, workloads and namespaces, with many names that collide and
//! objects that are broken on purpose. An [`Aim`] gives queries in a world.
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
