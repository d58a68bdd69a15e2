//! Where a running node listens, as a file in its data folder: for tools that start beside it.

use crate::data_dir::DataDir;
use crate::error::AppError;
use crate::node::Node;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

const FILE: &str = "endpoints.json";

/// Where a running node listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoints {
    /// The process.
    pub pid: u32,
    /// URL of its JSON-RPC, for clients on its machine.
    pub rpc: String,
    /// The same over WebSocket.
    pub ws: String,
    /// URL of its admin server.
    pub admin: String,
    /// Addresses on which its consensus listens, as multiaddresses.
    pub p2p: Vec<String>,
    /// Id of its network key.
    pub peer_id: String,
}

fn path(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

impl Endpoints {
    /// Where a node listens.
    pub fn of(node: &Node) -> Self {
        Self {
            pid: std::process::id(),
            rpc: node.rpc_url(),
            ws: node.ws_url(),
            admin: node.admin_url(),
            p2p: node.engine_status().listening,
            peer_id: node.peer_id().to_owned(),
        }
    }

    /// Writes the file, in the place of one that a killed node left.
    ///
    /// # Errors
    /// `File`.
    pub fn write(&self, folder: &Path) -> Result<(), AppError> {
        let (path, draft) = (path(folder), folder.join(format!(".{FILE}.{}", self.pid)));
        let text = serde_json::to_string_pretty(self).map_err(|error| AppError::Failed(error.to_string()))?;
        // A reader sees the old file or the new one, never a part.
        let written = std::fs::write(&draft, format!("{text}\n")).and_then(|()| std::fs::rename(&draft, &path));
        written.map_err(|error| AppError::file(&path, error))
    }

    /// What the node of a folder wrote when it last started.
    ///
    /// # Errors
    /// `Failed` where there is no such file or it is none of ours.
    pub fn read(data_dir: &DataDir) -> Result<Self, AppError> {
        let path = path(data_dir.root());
        let unknown = |reason: String| {
            AppError::Failed(format!("{}: {reason}; is the node of this folder running?", path.display()))
        };
        let text = std::fs::read_to_string(&path).map_err(|error| unknown(error.to_string()))?;
        serde_json::from_str(&text).map_err(|error| unknown(error.to_string()))
    }

    /// Removes the file of a node that has stopped.
    pub fn remove(folder: &Path) {
        // Left behind, it only names ports on which nobody answers.
        let _ = std::fs::remove_file(path(folder));
    }
}
