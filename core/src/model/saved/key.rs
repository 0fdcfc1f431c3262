//! The idempotency key of a request that is saved before it is sent. Without one, the request would have another key
//! each time that it is loaded, and the server would perform it again.

use alloc::string::String;

use serde::{Serialize, Serializer, ser::Error};

#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
pub(in crate::model) fn serialize<S: Serializer>(key: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    if key.is_none() {
        let reason = "it has no idempotency key, so it could be performed twice after it has been loaded; \
                      set one, such as that of `Client::new_idempotency_key`";
        return Err(S::Error::custom(reason));
    }
    key.serialize(serializer)
}
