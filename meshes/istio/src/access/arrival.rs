//! Traffic behind the handshake.

use super::super::request::Seen;
use super::IstioMesh;
use super::shadow::Shadow;
use super::workload::Workload;
use std::net::IpAddr;

/// What policies judge.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival<'a> {
    pub(super) mesh: &'a IstioMesh,
    pub(super) workload: &'a Workload<'a>,
    /// The filters in front whose results policies may ask for.
    pub(super) shadows: &'a [Shadow],
    /// The name in the client's certificate, if it presented one.
    pub(super) client: Option<&'a str>,
    pub(super) ip: IpAddr,
    pub(super) port: u16,
    /// The request; `None` where the sidecar reads bytes.
    pub(super) request: Option<&'a Seen>,
}
