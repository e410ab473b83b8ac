//! What is asked, answered and said.

pub(super) const CHANNELS: [&str; 3] = ["web", "mobile", "email"];

pub(super) const ANSWERED: [(&str, &str); 8] = [
    ("How do I reset my password?", "Open Settings, choose Security, and follow \"Reset password\"."),
    ("Where is my parcel?", "It left our warehouse yesterday and should arrive within two working days."),
    ("Can I return a sale item?", "Yes, within 30 days, as long as it is unused and in its packaging."),
    ("Do you ship to Norway?", "We do. Shipping takes four to six working days and costs 12 euros."),
    ("How do I change my delivery address?", "As long as the order is not packed, edit it under My orders."),
    ("Which payment methods do you take?", "Cards, bank transfer and invoice for registered customers."),
    ("My invoice is wrong, what now?", "Reply with the invoice number; billing corrects it within a day."),
    ("How do I cancel my subscription?", "Under Account, Subscriptions, choose Cancel; it ends with the period."),
];

pub(super) const COMPLAINTS: &[&str] = &[
    "Far too long for a small screen, I gave up reading",
    "The link does not open in the app",
    "This is outdated, the menu looks different now",
    "Did not answer my question",
    "Wrong: the button it talks about does not exist",
    "Too vague to be of any use",
];

pub(super) const PRAISE: &[&str] = &["Quick and to the point", "Exactly what I needed", "Clear, thank you"];
