//! Stands between consensus and network and keeps back messages of a validator that abstains: their all-zero signature
//! verifies for nobody, and peers would count them against us.

use super::context::Assay;
use super::signing::ABSTAINED;
use arc_malachitebft_app::consensus::LivenessMsg;
use arc_malachitebft_engine::network::{NetworkMsg, NetworkRef};
use async_trait::async_trait;
use ractor::{Actor, ActorProcessingErr, ActorRef};

/// The filter; speaks the network's own language on both sides.
pub(crate) struct NetworkFilter {
    /// The real network.
    pub(crate) network: NetworkRef<Assay>,
}

/// Whether a message may go out.
pub(crate) fn passes(message: &NetworkMsg<Assay>) -> bool {
    match message {
        NetworkMsg::PublishConsensusMsg(message) => message.signature().to_bytes() != ABSTAINED,
        NetworkMsg::PublishLivenessMsg(LivenessMsg::Vote(vote)) => vote.signature.to_bytes() != ABSTAINED,
        _ => true,
    }
}

#[async_trait]
impl Actor for NetworkFilter {
    type Msg = NetworkMsg<Assay>;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _myself: ActorRef<Self::Msg>, _args: ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        _myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        _state: &mut (),
    ) -> Result<(), ActorProcessingErr> {
        if passes(&message) {
            self.network.cast(message).map_err(|_| "the network actor has stopped")?;
        }
        Ok(())
    }
}
