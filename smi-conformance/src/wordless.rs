//! The proof that the kit reads data only.

use crate::{Implementation, Input};
use smi_adapter::adapter::{Feature, Support};
use smi_adapter::object::Kind;
use smi_adapter::plan::{Observed, Planned};
use smi_adapter::settings::Settings;

/// An implementation with every message replaced by a constant: laws must judge it as they judge the original.
#[derive(Debug)]
pub struct Wordless<'a, I: ?Sized>(pub &'a I);

impl<I: Implementation + ?Sized> Implementation for Wordless<'_, I> {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn kinds(&self) -> &[Kind] {
        self.0.kinds()
    }

    fn reads(&self) -> &[Kind] {
        self.0.reads()
    }

    fn support(&self, feature: Feature) -> Support {
        self.0.support(feature)
    }

    fn plan(&self, input: &Input, settings: &Settings, observed: &Observed) -> Result<Planned, String> {
        let mut planned = self.0.plan(input, settings, observed)?;
        for diagnostic in &mut planned.diagnostics {
            "constant".clone_into(&mut diagnostic.message);
        }
        Ok(planned)
    }
}
