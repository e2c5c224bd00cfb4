//! `metrics.smi-spec.io/v1alpha1`.

use crate::metrics::{typed, version};

version!("metrics.smi-spec.io/v1alpha1");
