//! Files against a real backend, written once for all executors: avatars, attachments, and what becomes of them when the
//! network or the disk has a bad day. Each test has a sandbox of its own, and whatever passes between it and the client
//! is held against the wire contract.

mod assets;
mod attachments;
mod avatars;
mod downloads;
mod interruptions;
mod names;
mod progress;
mod resuming;
mod support;
mod targets;
mod uploads;

/// Every promise, kept by this executor. What is missing in the lists is dead code, and the compiler says so.
macro_rules! files {
    ($name:ident, $harness:ty) => {
        mod $name {
            whole!($harness);
            streamed!($harness);
        }
    };
}

/// What every executor promises, also if it takes a file at once.
macro_rules! whole {
    ($harness:ty) => {
        teamwire_tests::promises! { $harness:
            avatars: every_kind_of_jpeg_becomes_the_avatar, an_avatar_that_is_not_there_is_not_loaded,
                an_avatar_that_cannot_be_removed_stays, a_new_chat_has_its_avatar,
                a_new_chat_with_an_avatar_that_is_not_fit_is_not_made;
            attachments: every_kind_comes_back_in_a_message, every_kind_comes_back_in_a_new_chat,
                every_kind_comes_back_in_a_chat_between_two, a_message_waits_for_all_of_its_files,
                a_chat_is_made_after_all_of_its_files, a_message_that_is_sent_again_brings_no_file_again,
                a_key_of_any_length_and_form_is_good_for_files;
            names: a_name_comes_back_as_it_was_given, a_name_that_no_file_has_is_refused_before_it_is_sent,
                the_media_type_is_guessed_unless_it_is_given, a_media_type_that_is_none_is_refused_before_it_is_sent;
            uploads: an_empty_file_is_a_file, a_log_that_grew_is_sent_as_it_was_measured,
                a_log_that_shrank_is_not_stored, a_file_that_the_server_finds_too_large_is_its_refusal,
                an_upload_that_may_have_arrived_is_stored_once;
            downloads: a_file_takes_the_place_of_the_old_one, a_download_that_fails_leaves_everything_as_it_was,
                what_is_not_there_is_not_found, a_file_that_cannot_be_written_is_said_to_be_so;
            assets: an_asset_has_its_size_whatever_the_head_says, a_part_that_was_not_asked_for_is_no_asset,
                only_a_status_of_200_has_an_asset, a_page_in_place_of_an_asset_is_refused,
                an_asset_that_is_encoded_is_refused;
            targets: what_cannot_be_written_is_refused_before_anything_is_requested,
                a_download_uses_a_name_of_its_own_each_time, a_folder_that_vanishes_is_an_error,
                a_target_that_becomes_a_folder_meanwhile_leaves_no_part;
            resuming: a_file_without_a_strong_version_comes_from_its_beginning,
                a_rest_that_belongs_elsewhere_is_refused;
            interruptions: no_cut_makes_half_a_message, no_cut_makes_half_a_file;
        }
        #[cfg(unix)]
        teamwire_tests::promises! { $harness:
            targets: a_file_keeps_its_permissions, a_link_stays_and_leads_to_the_new_file,
                what_is_no_file_is_not_replaced, a_planted_link_is_not_written_through;
        }
    };
}

/// What only one promises that takes files piece by piece, and tells how far it is.
macro_rules! streamed {
    ($harness:ty) => {
        teamwire_tests::promises! { $harness:
            avatars: an_image_that_is_not_fit_is_refused_before_it_is_sent;
            uploads: a_log_that_grows_while_it_is_sent_is_stored, a_file_that_becomes_shorter_is_not_stored, a_file_that_becomes_longer_is_not_stored;
            assets: a_page_that_is_longer_than_the_asset_is_said_to_be_a_page;
            downloads: a_download_into_memory_has_its_limit;
            resuming: a_download_goes_on_where_it_was_cut, a_download_with_headway_never_gives_up,
                a_file_that_changed_meanwhile_comes_from_its_beginning,
                a_rest_that_the_server_does_not_have_comes_from_its_beginning;
            progress: an_upload_is_followed_to_its_end, a_download_is_followed_to_its_end,
                a_download_that_goes_on_is_followed_from_where_it_was;
        }
    };
}

files!(blocking, teamwire_tests::harness::Blocking);
files!(async_std, teamwire_tests::harness::AsyncStd);
files!(smol, teamwire_tests::harness::Smol);

mod handwritten {
    whole!(teamwire_tests::harness::Handwritten);
}
