//! The context in which policies are evaluated.

use super::super::request::ParsedRequest;
use super::IstioMesh;
use super::shadow::ShadowFilter;
use super::workload::Workload;
use std::net::IpAddr;

/// The traffic after the handshake, with the configuration of its destination.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'a> {
    pub(super) mesh: &'a IstioMesh,
    pub(super) workload: &'a Workload<'a>,
    /// The filters with shadow rules, on whose results policies can have conditions.
    pub(super) shadows: &'a [ShadowFilter],
    /// The name in the client's certificate, if it presented one.
    pub(super) client: Option<&'a str>,
    pub(super) ip: IpAddr,
    pub(super) port: u16,
    /// The request, or `None` if the sidecar handles the traffic as bytes.
    pub(super) request: Option<&'a ParsedRequest>,
}
