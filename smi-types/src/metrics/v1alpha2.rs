//! `metrics.smi-spec.io/v1alpha2`.

use crate::metrics::{typed, version};

version!("metrics.smi-spec.io/v1alpha2");
