//! Decoding of a part for one lane, within the memory that all lanes share.

use super::batch::{Batch, uncaught};
use crate::delivery::fate::{Fate, Skip};
use crate::delivery::room::Taken;
use crate::net::{Failure, FailureKind};
use crate::record::payload::{self, Cap, LogEvent, Payload, Poison};
use crate::shape::Shape;

/// The largest part that a lane decodes without taking room, by the size of its text and by that of its list of events.
/// With many lanes it is less, so that all together take an eighth of the room at most for either.
const SMALL: usize = 1 << 20;

/// How a part is to be decoded. It starts with what suits nearly every part.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How {
    size: Size,
    /// Whether invalid UTF-8 is replaced.
    repair: bool,
}

/// What a part may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Size {
    /// So little that it needs no room.
    Small,
    /// What it says that it takes, and half of that for the list of its events.
    AsItSays,
    /// Whatever is allowed.
    Any,
}

/// What came of decoding.
#[allow(clippy::large_enum_variant, reason = "it is matched where it is made, and never kept")]
pub(crate) enum Decoding<'a, 'b> {
    /// There is nothing for the lane.
    Nothing,
    /// It has to be decoded in another way, as noted. Another lane may have settled the part meanwhile.
    Again,
    /// Here it is.
    Part(Decoded<'a, 'b>),
}

/// A part that is a lane's.
pub(crate) struct Decoded<'a, 'b> {
    /// With the events that are meant for the lane.
    pub(crate) payload: Payload<'b>,
    /// The rules for their messages.
    pub(crate) shape: Option<&'a Shape>,
    /// The room that it takes.
    pub(crate) room: Option<Taken<'a>>,
}

impl Batch<'_> {
    /// How decoding of any part begins.
    pub(crate) fn how(&self) -> How {
        How { size: if self.several_lanes() { Size::Small } else { Size::Any }, repair: false }
    }

    /// Decodes a part and settles it if there is nothing to deliver.
    ///
    /// # Errors
    /// There was no room before the time was used up.
    pub(crate) async fn decode_for<'b>(
        &self,
        at: usize,
        lane: usize,
        buffer: &'b mut Vec<u8>,
        how: &mut How,
    ) -> Result<Decoding<'_, 'b>, Failure> {
        if !self.parts.is_direct() && self.router.leaves(|| self.parts.arrived(at)) {
            self.settle(at, Fate::Skipped(Skip::Elsewhere));
            return Ok(Decoding::Nothing);
        }
        let whole = self.options.cap;
        let small = self.small();
        let of_size = |text: usize, list: usize| Cap {
            size: whole.size.min(text),
            events: whole.events.min(list / size_of::<LogEvent<'_>>()),
            ..whole
        };
        let (cap, room) = match how.size {
            Size::Small => (of_size(small, small), None),
            Size::AsItSays => {
                let says = self.says(at).clamp(small, whole.size);
                (of_size(says, says / 2), Some(says + says / 2))
            }
            Size::Any => (whole, self.several_lanes().then_some(usize::MAX)),
        };
        let mut taken = None;
        if let Some(bytes) = room {
            // Nobody waits for room while holding memory.
            free(buffer, small);
            let late = || {
                Failure::new(
                    FailureKind::Deadline,
                    "the time of the invocation is used up while waiting for memory",
                )
            };
            taken = Some(self.room.take(bytes, self.until).await.ok_or_else(late)?);
            if !self.concerns(at, lane) {
                return Ok(Decoding::Nothing);
            }
        }
        let decoded = self.decode(at, cap, how.repair, buffer);
        if let Some(taken) = &mut taken {
            taken.begin_turn();
        }
        let larger = match how.size {
            Size::Small => Some(Size::AsItSays),
            Size::AsItSays => Some(Size::Any),
            Size::Any => None,
        };
        let claimed = match (decoded, larger) {
            (Err(Poison::TooLarge { .. } | Poison::TooManyEvents { .. }), Some(larger)) => {
                how.size = larger;
                return Ok(Decoding::Again);
            }
            (Err(Poison::NotUtf8), _) if !how.repair => {
                how.repair = true;
                return Ok(Decoding::Again);
            }
            (Err(poison), _) => {
                self.settle(at, self.set_aside(poison));
                None
            }
            (Ok(payload), _) => self.claim(at, lane, payload),
        };
        if how.repair && claimed.is_some() {
            self.ledger.borrow_mut().note_repaired(at);
        }
        Ok(claimed.map_or(Decoding::Nothing, |(payload, shape)| {
            Decoding::Part(Decoded { payload, shape, room: taken })
        }))
    }

    /// Frees a buffer that holds more than a lane may without taking room.
    pub(crate) fn tidy(&self, buffer: &mut Vec<u8>) {
        if self.several_lanes() {
            free(buffer, self.small());
        }
    }

    fn several_lanes(&self) -> bool {
        self.lanes > 1
    }

    /// How much a lane may decode without taking room.
    fn small(&self) -> usize {
        SMALL.min(self.room.size() / 8 / self.lanes.max(1))
    }

    /// What the data of a part says about its decompressed size: the last four bytes of its last gzip member.
    fn says(&self, at: usize) -> usize {
        let data = self.parts.data(at).unwrap_or_default();
        data.last_chunk().map_or(0, |size| u32::from_le_bytes(*size) as usize)
    }

    fn decode<'b>(
        &self,
        at: usize,
        cap: Cap,
        repair: bool,
        buffer: &'b mut Vec<u8>,
    ) -> Result<Payload<'b>, Poison> {
        // The memory of the next part but one arrives while this one is read.
        self.parts.prefetch(at + 2);
        uncaught(|| payload::gunzip(self.parts.data(at)?, cap, buffer))?;
        if !repair {
            return uncaught(|| payload::parse_within(buffer, cap.events));
        }
        uncaught(|| payload::repair(buffer, cap.size))?;
        uncaught(|| payload::parse_within(buffer, cap.events)).map_err(|poison| match poison {
            // Invalid UTF-8 is what is wrong with it, since it is nothing else either.
            Poison::NotLogs(_) | Poison::UnknownMessageType => Poison::NotUtf8,
            other => other,
        })
    }
}

fn free(buffer: &mut Vec<u8>, small: usize) {
    buffer.clear();
    if buffer.capacity() > small {
        *buffer = Vec::new();
    }
}
