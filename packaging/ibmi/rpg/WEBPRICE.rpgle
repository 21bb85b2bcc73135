**FREE
// WEBPRICE: sends one price to the data queue TOWLINE/WEBPRICE, as a record the agent reads.
//
// The record is the one of [queues.webprice] in agent.toml: same fields, same order, same types, no
// gaps. Not compiled by us: docs/unverified.md. Create with
//   CRTBNDRPG PGM(yourlib/WEBPRICE) SRCSTMF('WEBPRICE.rpgle')
// and call it where a price is decided, with item, price, recommended price and currency.
//
// The send is not under commitment control: send after your own COMMIT, or a price that is rolled
// back has been told. A full queue fails the call (CPF950A); the monitor below keeps your program
// alive, and the agent's comparison with the file finds the price later.
// API: https://ibm.com/docs/ssw_ibm_i_74/apis/qsnddtaq.htm

ctl-opt main(sendPrice) dftactgrp(*no) actgrp(*caller) option(*srcstmt);

dcl-pr QSNDDTAQ extpgm('QSYS/QSNDDTAQ');
  queue   char(10)   const;
  library char(10)   const;
  length  packed(5:0) const;
  data    char(28)   const;
end-pr;

dcl-pr sendPrice extpgm('WEBPRICE');
  item        char(15)    const;
  price       packed(9:2) const;
  recommended packed(9:2) const;
  currency    char(3)     const;
end-pr;

dcl-proc sendPrice;
  dcl-pi *n;
    item        char(15)    const;
    price       packed(9:2) const;
    recommended packed(9:2) const;
    currency    char(3)     const;
  end-pi;

  dcl-ds entry qualified;
    SKU   char(15);
    IPPRC packed(9:2);
    IPCMP packed(9:2);
    IPCUR char(3);
  end-ds;

  entry.SKU = item;
  entry.IPPRC = price;
  entry.IPCMP = recommended;
  entry.IPCUR = currency;
  monitor;
    QSNDDTAQ('WEBPRICE' : 'TOWLINE' : %size(entry) : entry);
  on-error;
    // Keep the item for a later run, or tell your operator; never fail the caller for the shop.
  endmon;
end-proc;
